import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { groupNarrowings } from '#src/domains/people/groups/offering-queries.ts'
import { memberRoles } from '#src/domains/people/users/model.ts'
import { type Declaration, defineResource, type RecordRow, type Resource } from '#src/resource/entity.ts'
import { choice } from '#src/resource/kinds/choice.ts'
import { ownership, reference } from '#src/resource/kinds/reference.ts'
import { name as nameColumn, text } from '#src/resource/kinds/text.ts'
import type { ListView } from '#src/resource/list/declaration.ts'

/** A body of people: department, team, warehouse or client, in a tree. Reach goes down it, and not past a deleted one. */
const group = defineModel('group', {
  table: 'groups',
  actions: ['create', 'read', 'update', 'delete'],
  own: ['owner_user_id'],
  group: ['id', 'owner_group_id'],
})

declare module '#src/access/permission.ts' {
  interface Models {
    group: ActionsOf<typeof group>
  }
}

const kinds = ['department', 'team', 'warehouse', 'client'] as const

/** Warehouses and clients are more than a name: they have pages of their own. */
const made = ['department', 'team'] as const

/** A group as JSON and pages know it; the database makes it. */
export type GroupRecord = {
  id: string
  kind: (typeof kinds)[number]
  name: string
  description: string
  parent_id: string | null
  parent: { id: string; name?: string } | null
  path: string[]
  members_count: number
  children_count: number
  deleted_at: string | null
  version: number
}

export const groupOf = (row: RecordRow) => row as unknown as GroupRecord

/** Where the group stands, and how many belong to it: names and groups as far as the reader may see them. */
function standing(actor: UserActor) {
  const seen = actor.find('group:read')
  return {
    path: sql`(
      with recursive up(id, parent_id, name, owner_user_id, owner_group_id, depth) as (
        select groups.id, groups.parent_id, groups.name, groups.owner_user_id, groups.owner_group_id, 0
        union all
        select g.id, g.parent_id, g.name, g.owner_user_id, g.owner_group_id, up.depth + 1
        from up join groups g on g.org_id = groups.org_id and g.id = up.parent_id where g.deleted_at is null
      ) select json_agg(up.name order by up.depth desc) from up where up.depth = 0 or ${seen?.where('up') ?? sql`false`})`,
    members_count: sql`groups.members_count`,
    children_count: sql`(select count(*)::int from groups c where c.org_id = groups.org_id and c.parent_id = groups.id
      and c.deleted_at is null and ${seen?.where('c') ?? sql`false`})`,
  }
}

const rooted = (table: string, view?: ListView): RawBuilder<SqlBool> =>
  view?.filters.root ? sql`${sql.ref(`${table}.parent_id`)} is null` : sql`true`

const tones = { department: 'info', team: 'good', warehouse: 'warn', client: 'plain' } as const

const kind = z.enum(made)

const shared = {
  icon: 'folder-tree',
  title: 'name',
  apart: 'kind',
  searched: true,
  narrowings: groupNarrowings,
  defaultSort: 'name',
  filters: { root: { kind: 'choice', values: ['true'], column: null } },
  more: standing,
  moreAnswered: { path: z.array(z.string()), members_count: z.int(), children_count: z.int() },
  cells: {
    path: (row) => groupOf(row).path.join(' / '),
    members: (row) => String(groupOf(row).members_count),
  },
  attached: [{ type: 'group_member', needs: 'group:read' }],
  taken: { groups_name: ['name', 'is already in use'] },
} satisfies Partial<Declaration>

const columns = {
  description: text('Description', { max: 1000, rows: 3 }),
  parent_id: reference('Parent', 'group', { filterable: true, listed: false }),
  ...ownership,
}

const name = nameColumn()

export const groups = defineResource(group, {
  ...shared,
  path: '/groups',
  one: 'group',
  many: 'groups',
  subtitle:
    'Departments, teams, warehouses and clients. Members can access what belongs to the group and its subgroups.',
  baseFilter: rooted,
  columns: {
    name,
    kind: choice('Kind', kinds, { input: kind, required: true, write: 'create', filterable: true, tones }),
    ...columns,
  },
})

export const departments = defineResource(group, {
  ...shared,
  path: '/departments',
  one: 'department',
  many: 'departments',
  icon: 'network',
  subtitle: 'Departments alone. Members can access what belongs to the department and its subgroups.',
  baseFilter: (table, view) => sql`${sql.ref(`${table}.kind`)} = 'department' and ${rooted(table, view)}`,
  columns: { name, kind: choice('Kind', kinds, { write: 'never', listed: false, tones }), ...columns },
})

export type NewGroup = {
  name: string
  kind: string
  description: string
  parent_id?: string | null
  owner_user_id?: string | null
  owner_group_id?: string | null
}

export type GroupChange = Partial<Omit<NewGroup, 'kind'>>

export const role = z.enum(memberRoles)

/** A group of the tree: as many as the reader sees, each beneath the nearest that they see. */
/** Groups, or those of one kind as an entity of their own. */
export type Groups = Resource<'group'>

export type TreeGroup = {
  id: string
  name: string
  kind: GroupRecord['kind']
  parent_id: string | null
  members_count: number
  children: TreeGroup[]
}

const treeGroup: z.ZodType = z
  .strictObject({
    id: z.guid(),
    name: z.string(),
    kind: z.enum(kinds),
    parent_id: z.guid().nullable(),
    members_count: z.int(),
    get children() {
      return z.array(treeGroup)
    },
  })
  .meta({ id: 'group_in_tree' })

export const treeAnswer = z.strictObject({ data: z.array(treeGroup), truncated: z.boolean() })
