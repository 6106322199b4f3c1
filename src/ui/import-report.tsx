import { counted, type Noun } from '#src/locale/noun.ts'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { Actions, Form } from '#src/ui/form.tsx'
import { Icon } from '#src/ui/icon.tsx'
import { Panel } from '#src/ui/surface.tsx'
import { type Column, Table } from '#src/ui/table.tsx'

interface ImportError {
  line: number | null
  column: string | null
  value?: string | null
  message: string
}

export interface ImportReportProps {
  noun: Noun
  ready: number
  wrong: number
  errors: readonly ImportError[]
  notes?: readonly { message: string }[]
  confirm?: { action: string; csrfToken: string; hidden: Record<string, string> }
  back: { label: string; href: string }
}

const number = new Intl.NumberFormat('en')
const rowsOf: Noun = { one: 'row', many: 'rows' }

/** What an import would do, before it does it: all of the rows, or the list of what is wrong. */
export function ImportReport({ noun, ready, wrong, errors, notes = [], confirm, back }: ImportReportProps) {
  return (
    <>
      <ul class="outcome">
        <li class="good">
          <Icon name="circle-check" />
          {counted(ready, rowsOf)} ready
        </li>
        {wrong ? (
          <li class="bad">
            <Icon name="circle-alert" />
            {counted(wrong, { one: 'error', many: 'errors' })}: fix {wrong === 1 ? 'it' : 'them'} and upload
            again. Nothing was imported.
          </li>
        ) : null}
        {notes.map(({ message }) => (
          <li>
            <Icon name="info" />
            {message}
          </li>
        ))}
      </ul>
      {wrong ? <Errors wrong={wrong} errors={errors} /> : null}
      {confirm && !wrong && ready ? (
        <Form action={confirm.action} csrfToken={confirm.csrfToken} guard={false}>
          {Object.entries(confirm.hidden).map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
          <Actions>
            <Button kind="primary">Import {counted(ready, noun)}</Button>
            <ButtonLink href={back.href}>{back.label}</ButtonLink>
          </Actions>
        </Form>
      ) : (
        <Actions>
          <ButtonLink kind="primary" href={back.href}>
            {back.label}
          </ButtonLink>
        </Actions>
      )}
    </>
  )
}

const columns: Column<ImportError & { i: number }>[] = [
  {
    key: 'line',
    label: 'Where',
    cell: ({ line }) => (line === null ? 'File' : `Line ${number.format(line)}`),
  },
  { key: 'column', label: 'Column', cell: ({ column }) => column },
  { key: 'value', label: 'Value', cell: ({ value }) => (value ? <q class="value">{value}</q> : null) },
  { key: 'message', label: 'Problem', cell: ({ message }) => message },
]

function Errors({ wrong, errors }: Pick<ImportReportProps, 'wrong' | 'errors'>) {
  const title = wrong > errors.length ? `The first ${number.format(errors.length)} errors` : 'Errors'
  const rows = errors.map((error, i) => ({ ...error, i }))
  return (
    <Panel title={title}>
      <Table
        label={title}
        columns={columns}
        rows={rows}
        rowKey={({ i }) => `error-${i}`}
        listUrl={() => ''}
        empty={null}
      />
    </Panel>
  )
}
