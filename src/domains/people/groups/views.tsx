import { type GroupRecord, groupOf, type TreeGroup } from '#src/domains/people/groups/model.ts'
import type { Screen } from '#src/http/endpoint.ts'
import { capital } from '#src/locale/noun.ts'
import { paths } from '#src/paths.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import { ButtonLink } from '#src/ui/button.tsx'
import { Badge, EmptyState, NoAccess, type Tone } from '#src/ui/feedback.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Panel } from '#src/ui/surface.tsx'
import type { Column } from '#src/ui/table.tsx'
import { Time } from '#src/ui/time.tsx'
import { Tree, type TreeNode } from '#src/ui/tree.tsx'

/** Where an entity of groups has its pages, and its words. */
export type Entity = { path: string; one: string; many: string }

const tones: Record<GroupRecord['kind'], Tone> = {
  department: 'info',
  team: 'good',
  warehouse: 'warn',
  client: 'plain',
}
const Kind = ({ kind }: { kind: GroupRecord['kind'] }) =>
  Badge({ tone: tones[kind], children: capital(kind) })

/** The list's columns; departments have no kind to show. */
export const listColumns = (frame: Frame, { path, one }: Entity): Column<RecordRow>[] => [
  {
    key: 'name',
    label: 'Name',
    sortable: true,
    href: (row) => frame.path(`${path}/${row.id}`),
    cell: (row) => groupOf(row).name,
  },
  { key: 'path', label: 'Parent', cell: (row) => groupOf(row).path.slice(0, -1).join(' › ') },
  ...(one === 'group'
    ? [{ key: 'kind', label: 'Kind', cell: (row: RecordRow) => Kind({ kind: groupOf(row).kind }) }]
    : []),
  { key: 'members', label: 'Members', align: 'end', cell: (row) => String(groupOf(row).members_count) },
  {
    key: 'created_at',
    label: 'Added',
    sortable: 'descending',
    cell: (row) => Time({ at: String(row.created_at), clock: frame.clock }),
  },
]

/** The way from the root to the group, and what stands beneath it. */
export function GroupPlace({
  row,
  beneath,
  frame,
}: {
  row: RecordRow
  beneath: readonly Beneath[]
  frame: Frame
}) {
  const { path, children_count } = groupOf(row)
  const others = children_count - beneath.length
  return (
    <Panel title="Hierarchy">
      <p>{path.join(' › ')}</p>
      {beneath.length ? (
        <ul class="plain-list">
          {beneath.map(({ id, name, kind, members_count }) => (
            <li>
              <a href={frame.path(paths.group(id))}>{name}</a>{' '}
              <span class="nothing">
                {kind}, {members(members_count)}
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <p class="nothing">No subgroups.</p>
      )}
      {others > 0 ? (
        <p>
          <a href={frame.path(`${paths.groups}?parent_id=${row.id}`)}>All {children_count} subgroups</a>
        </p>
      ) : null}
    </Panel>
  )
}

export type Beneath = Pick<GroupRecord, 'id' | 'name' | 'kind' | 'members_count'>

const members = (count: number) => (count === 1 ? '1 member' : `${count} members`)

export const TreeLink = ({ path, frame }: { path: string; frame: Frame }) => (
  <ButtonLink kind="quiet" icon="network" href={frame.path(paths.groupTree(path))}>
    Hierarchy
  </ButtonLink>
)

/** All groups that the reader sees, each beneath its own. */
export function treeScreen(
  { data, truncated }: { data: readonly TreeGroup[]; truncated: boolean },
  { path, many }: Entity,
  { all, frame }: { all: boolean; frame: Frame },
): Screen {
  const node = ({ id, name, kind, members_count, children }: TreeGroup): TreeNode => ({
    id,
    label: name,
    href: frame.path(`${path}/${id}`),
    meta: many === 'groups' ? Kind({ kind }) : null,
    count: members(members_count),
    children: children.map(node),
  })
  return {
    title: `Hierarchy of ${many}`,
    subtitle: 'Members can access what belongs to a group and its subgroups.',
    breadcrumbs: [{ label: capital(many), href: frame.path(path) }],
    children: (
      <Panel>
        {truncated ? (
          <p class="hint">Showing the first 2,000 by name. Search the list to find others.</p>
        ) : null}
        {data.length ? (
          <Tree label={`Hierarchy of ${many}`} nodes={data.map(node)} />
        ) : all ? (
          <EmptyState icon="folder-tree" title={`No ${many} yet`} />
        ) : (
          <NoAccess title={`No ${many} you have access to`} />
        )}
      </Panel>
    ),
  }
}
