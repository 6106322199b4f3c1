import { Button, ButtonLink } from '#src/ui/button.tsx'
import { FileField } from '#src/ui/file-field.tsx'
import { Actions, ErrorSummary, type FieldError, Form } from '#src/ui/form.tsx'
import { type Column, Table } from '#src/ui/table.tsx'

interface Step {
  action: string
  csrfToken: string
  errors?: readonly FieldError[]
  cancel: string
}

export interface ImportUploadProps extends Step {
  template: string
  /** How large it may be: '10 MB, 50,000 rows'. */
  limit: string
  accept?: string
}

export function ImportUpload(props: ImportUploadProps) {
  const { action, csrfToken, errors, cancel, template, limit, accept = '.csv,text/csv' } = props
  const error = errors?.find(({ path }) => path === 'file')?.message
  return (
    <>
      <ErrorSummary errors={errors} />
      <Form action={action} csrfToken={csrfToken} multipart guard={false}>
        <FileField
          name="file"
          label="File"
          required
          accept={accept}
          error={error}
          hint={
            <>
              CSV, up to {limit}. The first line must have the column names:{' '}
              <a href={template} hx-boost="false" download>
                download a template
              </a>
            </>
          }
        />
        <Actions>
          <Button kind="primary" icon="upload">
            Upload
          </Button>
          <ButtonLink href={cancel}>Cancel</ButtonLink>
        </Actions>
      </Form>
    </>
  )
}

interface ImportColumn {
  name: string
  examples: readonly string[]
  field: string | null
}

export interface ImportMappingProps extends Step {
  columns: readonly ImportColumn[]
  fields: readonly { value: string; label: string; required?: boolean }[]
  hidden?: Record<string, string>
}

/** Which column of the file is which field: sent as `column_0`, `column_1`, … in the order of the file. */
export function ImportMapping(props: ImportMappingProps) {
  const { action, csrfToken, errors, cancel, columns, fields, hidden = {} } = props
  const needed = fields.filter(({ required }) => required).map(({ label }) => label)
  const rows = columns.map((column, i) => ({ ...column, name: column.name || `Column ${i + 1}`, i }))
  const shown: Column<(typeof rows)[number]>[] = [
    { key: 'name', label: 'Column in the file', cell: ({ name }) => name },
    {
      key: 'examples',
      label: 'Examples',
      cell: ({ examples }) => <span class="examples">{examples.filter(Boolean).join(', ')}</span>,
    },
    { key: 'field', label: 'Import as', cell: (row) => <FieldChoice {...row} fields={fields} /> },
  ]
  return (
    <>
      <ErrorSummary errors={errors} />
      <Form action={action} csrfToken={csrfToken} guard={false} wide>
        {Object.entries(hidden).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        {needed.length ? <p class="hint">Required: {needed.join(', ')}.</p> : null}
        <Table
          label="Columns in the file"
          columns={shown}
          rows={rows}
          rowKey={({ i }) => String(i)}
          listUrl={() => action}
          empty={<p>The file has no columns.</p>}
        />
        <Actions>
          <Button kind="primary">Check file</Button>
          <ButtonLink href={cancel}>Cancel</ButtonLink>
        </Actions>
      </Form>
    </>
  )
}

function FieldChoice({
  i,
  name,
  field,
  fields,
}: ImportColumn & { i: number; fields: ImportMappingProps['fields'] }) {
  return (
    <select id={`column_${i}`} class="select" name={`column_${i}`} aria-label={`Import ${name} as`}>
      <option value="">Don’t import</option>
      {fields.map(({ value, label, required }) => (
        <option value={value} selected={value === field}>
          {required ? `${label} (required)` : label}
        </option>
      ))}
    </select>
  )
}
