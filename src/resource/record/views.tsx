import type { Screen } from '#src/http/endpoint.ts'
import { capital } from '#src/locale/noun.ts'
import { paths, pathsOf } from '#src/paths.ts'
import type { RecordRow, Resource } from '#src/resource/entity.ts'
import { shown } from '#src/resource/kinds/cell.tsx'
import type { FoundRecord } from '#src/resource/record/query.ts'
import { ButtonLink } from '#src/ui/button.tsx'
import { ConfirmButton } from '#src/ui/confirm.tsx'
import { Facts } from '#src/ui/feedback.tsx'
import type { Frame } from '#src/ui/frame.ts'
import type { Child } from '#src/ui/html.ts'
import { Columns, Panel } from '#src/ui/surface.tsx'
import { Tabs } from '#src/ui/tabs.tsx'
import { Why } from '#src/ui/why.tsx'

export type Tab = { label: string; path: string }

export type RecordProps = {
  resource: Resource
  row: RecordRow
  /** Whether the reader may change and delete this record. */
  may: Pick<FoundRecord, 'update' | 'delete'>
  frame: Frame
  /** Query string of the list the reader came from. */
  back?: string
  /** Panels next to the facts. */
  panels?: Child
  /** Further actions in the head. */
  actions?: Child
  tabs?: readonly Tab[]
}

/** The header of every page of a record: name, state, tabs and actions. */
export function recordFrame(
  props: RecordProps & { here: string; children?: Child },
): Pick<Screen, 'title' | 'subtitle' | 'breadcrumbs' | 'actions' | 'children'> {
  const { resource, row, frame, here, children, tabs = [] } = props
  const places = pathsOf(resource.path)
  const all: Tab[] = [
    { label: 'Overview', path: places.one(row.id) },
    ...tabs,
    { label: 'History', path: places.history(row.id) },
  ]
  const items = all.map(({ label, path }) => ({ label, href: frame.path(path), current: path === here }))
  return {
    title: resource.titleOf(row) || capital(resource.declared.one),
    subtitle: row.deleted_at ? 'Deleted' : undefined,
    breadcrumbs: [{ label: capital(resource.declared.many), href: frame.path(places.list) }],
    actions: <RecordActions {...props} />,
    children: (
      <>
        <Tabs label="Parts of this record" items={items} />
        {children}
      </>
    ),
  }
}

/** The record: its facts, and what belongs to it. */
export const recordScreen = (props: RecordProps): Screen =>
  recordFrame({
    ...props,
    here: pathsOf(props.resource.path).one(props.row.id),
    children: (
      <Columns>
        <Panel title="Details" actions={<WhySeen {...props} />}>
          <Facts items={factsOf(props)} />
        </Panel>
        {props.panels}
      </Columns>
    ),
  })

/** Links to the explanation of why the reader sees this record. */
function WhySeen({ resource, row, frame }: RecordProps) {
  const question = { permission: resource.may('read'), record: row.id }
  return <Why href={frame.path(paths.access.why(question))} about={`can I see ${resource.titleOf(row)}`} />
}

const factsOf = ({ resource, row, frame }: RecordProps) =>
  Object.entries(resource.columns).map(([name, column]) => ({
    label: column.label,
    value: shown(resource, name, row, frame),
  }))

function RecordActions({ resource, row, may, frame, back, actions }: RecordProps) {
  const places = pathsOf(resource.path)
  const title = resource.titleOf(row)
  const { csrfToken, path } = frame
  if (row.deleted_at) {
    return may.delete ? (
      <ConfirmButton
        id="restore"
        action={path(places.restore(row.id))}
        csrfToken={csrfToken}
        label="Restore"
        icon="rotate-ccw"
        kind="primary"
        title={`Restore ${title}?`}
        confirm={`Restore ${resource.declared.one}`}
      />
    ) : null
  }
  return (
    <>
      {actions}
      {may.delete ? (
        <ButtonLink kind="danger" icon="trash-2" href={path(places.delete(row.id, back))}>
          Delete
        </ButtonLink>
      ) : null}
      {may.update ? (
        <ButtonLink kind="primary" icon="pencil" href={path(places.edit(row.id))}>
          Edit
        </ButtonLink>
      ) : null}
    </>
  )
}
