import type { UserActor } from '#src/access/actor.ts'
import type { Door } from '#src/db/database.ts'
import { createGroup, deleteGroup, restoreGroup, updateGroup } from '#src/domains/people/groups/actions.ts'
import {
  departments,
  type GroupChange,
  type Groups,
  groups,
  type NewGroup,
  type TreeGroup,
  treeAnswer,
} from '#src/domains/people/groups/model.ts'
import { beneathOf, heldBy, treeOf } from '#src/domains/people/groups/queries.ts'
import { GroupPlace, listColumns, TreeLink, treeScreen } from '#src/domains/people/groups/views.tsx'
import { memberList } from '#src/domains/people/members/model.ts'
import { membersTab } from '#src/domains/people/members/page-routes.tsx'
import { membersFor, readGathering } from '#src/domains/people/members/queries.ts'
import { memberRoutes } from '#src/domains/people/members/routes.tsx'
import { MembersPanel } from '#src/domains/people/members/views.tsx'
import { can, type Endpoint, get } from '#src/http/endpoint.ts'
import { counted } from '#src/locale/noun.ts'
import { paths } from '#src/paths.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import type { FoundRecord } from '#src/resource/record/query.ts'
import { resourceRoutes } from '#src/resource/routes.tsx'

/** The first members, and what stands beneath, for the page of a group. */
async function beside({ db, actor }: { db: Door; actor: UserActor }, resource: Groups, { id }: FoundRecord) {
  const gathering = await readGathering(db, actor, resource, id)
  const [members, beneath] = await Promise.all([
    membersFor(db, actor, resource, gathering, memberList.parse({ limit: '10' })),
    beneathOf(db, actor, actor.require('group:read'), id),
  ])
  return { members, beneath }
}

/** Groups to stand beneath: in reach of whoever writes, and not beneath the group itself. */
async function parents({ db, actor }: { db: Door; actor: UserActor }, row?: RecordRow) {
  const grant = actor.find(row ? 'group:update' : 'group:create')
  if (!grant) return []
  const { data } = await treeOf(db, actor, groups, grant)
  const reached = ({ id }: TreeGroup) => grant.all || grant.holder.groups.includes(id)
  const options = (nodes: readonly TreeGroup[], above: string): { value: string; label: string }[] =>
    nodes
      .filter(({ id }) => id !== row?.id)
      .flatMap((node) => {
        const label = above ? `${above} › ${node.name}` : node.name
        return [...(reached(node) ? [{ value: node.id, label }] : []), ...options(node.children, label)]
      })
  return options(data, '')
}

/** What goes with a group, of people and of its place in the tree. */
function losses({ people, beneath }: { people: number; beneath: number }): string | null {
  const lose = people === 1 ? 'loses' : 'lose'
  const parts = [
    people ? `${counted(people, persons)} ${lose} access to what belongs to it and its subgroups.` : '',
    beneath
      ? `${counted(beneath, { one: 'subgroup', many: 'subgroups' })} can no longer be accessed from parent groups.`
      : '',
  ]
  return parts.filter(Boolean).join(' ') || null
}

const persons = { one: 'person', many: 'people' }

const kinds = [
  { value: 'department', label: 'Department' },
  { value: 'team', label: 'Team' },
]

function routesOf(resource: Groups, kind?: string): Endpoint[] {
  const { declared, path } = resource
  const given = (input: NewGroup): NewGroup => (kind ? { ...input, kind } : input)
  const tree = {
    answer: treeAnswer,
    summary: `List the hierarchy of ${declared.many}`,
  }
  return [
    get(paths.groupTree(path), can('group:read'), tree, async ({ db, actor, grant }) => {
      const found = await treeOf(db, actor, resource, grant)
      return { json: found, screen: (frame) => treeScreen(found, declared, { all: grant.all, frame }) }
    }),

    ...memberRoutes(resource),

    ...resourceRoutes(resource, {
      actions: {
        create: (tx, actor, grant, input: NewGroup) => createGroup(tx, actor, grant, given(input), resource),
        update: (tx, actor, grant, id, change: GroupChange, version) =>
          updateGroup(tx, actor, grant, id, change, version, resource),
        remove: (tx, actor, grant, id, version) => deleteGroup(tx, actor, grant, id, version, resource),
        restore: (tx, actor, grant, id) => restoreGroup(tx, actor, grant, id, resource),
      },
      impact: async (db, actor, grant, ids) => losses(await heldBy(db, grant, actor, ids)),
      columns: ({ frame }) => listColumns(frame, declared),
      listHead: ({ frame }) => <TreeLink path={path} frame={frame} />,
      load: (call, found) => beside(call, resource, found),
      tabs: (row) => [membersTab(resource, row.id)],
      panels: (row, { frame, extra: { members, beneath } }) => (
        <>
          <GroupPlace row={row} beneath={beneath} frame={frame} />
          <MembersPanel {...members} frame={frame} />
        </>
      ),
      offer: async (call, row) => ({
        kind: kinds,
        parent_id: await parents(call, row),
      }),
    }),
  ]
}

export const groupRoutes = [...routesOf(groups), ...routesOf(departments, 'department')]
