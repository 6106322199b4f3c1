import type { Draw, Refusal } from '#src/http/endpoint.ts'
import { capital } from '#src/locale/noun.ts'
import { pathsOf } from '#src/paths.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { Field } from '#src/resource/import/columns.ts'
import type { ImportError } from '#src/resource/import/import.ts'
import type { Preview } from '#src/resource/import/preview.ts'
import type { Import } from '#src/resource/import/store.ts'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { Actions, Form, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { ImportMapping, ImportUpload } from '#src/ui/import.tsx'
import { ImportReport } from '#src/ui/import-report.tsx'
import { Finished, Progress } from '#src/ui/progress.tsx'
import { Panel } from '#src/ui/surface.tsx'

/** Id of the element that is reloaded while work goes on. */
const WORK = 'import'

const number = new Intl.NumberFormat('en')
export const counted = (count: number, one: string, many: string) =>
  `${number.format(count)} ${count === 1 ? one : many}`

const framed = ({ declared: { many, path } }: Resource, frame: Frame) => ({
  title: `Import ${many}`,
  breadcrumbs: [{ label: capital(many), href: frame.path(path) }],
})

/** The first step: the file. */
export const uploadScreen =
  ({ resource, limit, refusal }: { resource: Resource; limit: string; refusal?: Refusal }): Draw =>
  (frame) => {
    const places = pathsOf(resource.path)
    return {
      ...framed(resource, frame),
      children: (
        <Panel>
          <ImportUpload
            action={frame.path(places.imports)}
            csrfToken={frame.csrfToken}
            errors={refusal && refusalErrors(refusal)}
            cancel={frame.path(places.list)}
            template={frame.path(`${places.import}?format=csv`)}
            limit={limit}
          />
        </Panel>
      ),
    }
  }

type Props = {
  resource: Resource
  fields: readonly Field[]
  found: Import
  preview: Preview
  /** Shows the choice of columns again. */
  columns?: boolean
  refusal?: Refusal
}

/** The further steps: mapping columns, errors, progress. */
export const importScreen =
  (props: Props): Draw =>
  (frame) => ({
    ...framed(props.resource, frame),
    subtitle: props.found.name,
    children: <Step {...props} frame={frame} />,
  })

function Step(props: Props & { frame: Frame }) {
  const { found, columns } = props
  switch (found.status) {
    case 'checking':
    case 'importing':
      return <Working {...props} />
    case 'imported':
      return <Imported {...props} />
    case 'waiting':
      return <Mapping {...props} />
    case 'checked':
      return columns ? <Mapping {...props} /> : <Checked {...props} />
    default:
      return columns ? <Mapping {...props} /> : <Failed {...props} />
  }
}

function Mapping({ resource, fields, found, preview, refusal, frame }: Props & { frame: Frame }) {
  const sent = refusal?.input ?? {}
  const columns = preview.header.map((name, at) => {
    const again = sent[`column_${at}`]
    return {
      name,
      examples: preview.examples[at] ?? [],
      field: typeof again === 'string' ? again : (found.columns[at] ?? null),
    }
  })
  return (
    <ImportMapping
      action={frame.path(pathsOf(resource.path).imported(found.id))}
      csrfToken={frame.csrfToken}
      errors={refusal && refusalErrors(refusal)}
      cancel={frame.path(resource.path)}
      columns={columns}
      fields={fields.map(({ name, label, required }) => ({ value: name, label, required }))}
      hidden={{ action: 'check' }}
    />
  )
}

function Working({ resource, found, frame }: Props & { frame: Frame }) {
  const doing = found.status === 'checking' ? 'Checking' : 'Importing'
  return (
    <Panel>
      <Progress
        id={WORK}
        href={frame.path(pathsOf(resource.path).imported(found.id))}
        label={`${doing} ${resource.declared.many}`}
        done={found.done}
        total={Math.max(found.total, found.done)}
        unit="rows"
      />
    </Panel>
  )
}

function Checked({ resource, found, preview, frame }: Props & { frame: Frame }) {
  const { rows = 0, notes, error_count = 0, errors = [], ignored_columns = [] } = found.report
  const places = pathsOf(resource.path)
  const here = frame.path(places.imported(found.id))
  const wrongLines = new Set(errors.map(({ line }) => line)).size
  return (
    <div id={WORK}>
      {ignored_columns.length ? <p class="hint">Not imported: {ignored_columns.join(', ')}.</p> : null}
      <ImportReport
        noun={resource.declared}
        ready={error_count ? Math.max(0, rows - wrongLines) : rows}
        wrong={error_count}
        notes={notes}
        errors={errors.map((error) => ({ ...error, column: headed(error, found, preview) }))}
        confirm={{ action: here, csrfToken: frame.csrfToken, hidden: { action: 'import' } }}
        back={{ label: 'Upload a different file', href: frame.path(places.import) }}
      />
      <p>
        <ButtonLink kind="quiet" href={`${here}?step=columns`}>
          Change columns
        </ButtonLink>
      </p>
    </div>
  )
}

/** The file's own name for the column. */
function headed({ column }: ImportError, { columns }: Import, { header }: Preview): string | null {
  const at = column === null ? -1 : columns.indexOf(column)
  return header[at] ?? column
}

function Imported({ resource, found, frame }: Props & { frame: Frame }) {
  const { one, many } = resource.declared
  return (
    <Finished id={WORK} title={`${counted(found.report.rows ?? 0, one, many)} imported`}>
      {found.report.notes?.map(({ message }) => (
        <p>{message}</p>
      ))}
      <Actions>
        <ButtonLink kind="primary" href={frame.path(resource.path)}>
          View {many}
        </ButtonLink>
        <ButtonLink href={frame.path(pathsOf(resource.path).import)}>Upload a different file</ButtonLink>
      </Actions>
    </Finished>
  )
}

function Failed({ resource, found, frame }: Props & { frame: Frame }) {
  const places = pathsOf(resource.path)
  const here = frame.path(places.imported(found.id))
  const title =
    found.status === 'stopped'
      ? 'The import was interrupted. Nothing was imported.'
      : (found.report.failure ?? 'Import failed')
  return (
    <Finished id={WORK} failed title={title}>
      <Form action={here} csrfToken={frame.csrfToken} guard={false}>
        <input type="hidden" name="action" value="check" />
        <Actions>
          <Button kind="primary">Try again</Button>
          <ButtonLink href={`${here}?step=columns`}>Change columns</ButtonLink>
          <ButtonLink href={frame.path(places.import)}>Upload a different file</ButtonLink>
        </Actions>
      </Form>
    </Finished>
  )
}
