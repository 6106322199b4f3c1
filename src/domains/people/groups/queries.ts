import { type Compilable, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { begun, strongestRole } from '#src/access/in-force.ts'
import type { Database, Db } from '#src/db/database.ts'
import type { TreeGroup } from '#src/domains/people/groups/model.ts'
import { users } from '#src/domains/people/users/model.ts'
import { notFound } from '#src/http/errors.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import type { Source } from '#src/resource/list/query.ts'
import { searchFor, wordsIn } from '#src/resource/list/search.ts'

type Reads = Pick<Database, 'readAs'>
const compiled = <T>(text: RawBuilder<T>) => ({
  build: (db: Db): Compilable<T> => ({ compile: () => text.compile(db) }),
})

/** A group as its members' page needs it, and what the reader may do with those members. */
export type Gathering = {
  id: string
  name: string
  version: number
  members_count: number
  deleted: boolean
  /** By `group:read`. */
  read: boolean
  /** By `group:update`: every role. */
  update: boolean
  /** As lead of it, or of one above: members and viewers. */
  lead: boolean
}

/** A group for whoever sees it, or leads it. */
export const gatheringOf = (
  actor: UserActor,
  resource: Resource<'group'>,
  id: string,
): RawBuilder<Gathering> => {
  const [read, update] = [reach(actor, 'group:read'), reach(actor, 'group:update')]
  const lead = sql<SqlBool>`groups.id = any(${actor.rights.leadGroups}::uuid[])`
  return sql`select groups.id, groups.name, groups.version, groups.members_count, groups.deleted_at is not null as deleted,
      ${read} as read, ${update} as update, ${lead} as lead
    from groups where groups.id = ${id} and (${read} or ${update} or ${lead}) and ${resource.declared.narrow?.('groups') ?? sql`true`}`
}

const reach = (actor: UserActor, permission: 'group:read' | 'group:update'): RawBuilder<SqlBool> =>
  actor.find(permission)?.where('groups') ?? sql<SqlBool>`false`

/** @throws 404 where the reader neither sees nor leads such a group */
export async function readGathering(
  db: Reads,
  actor: UserActor,
  resource: Resource<'group'>,
  id: string,
): Promise<Gathering> {
  const [found] = await db.readAs(actor, compiled(gatheringOf(actor, resource, id)).build)
  if (!found) throw notFound()
  return found
}

/** Whom the reader sees among a group's members: those they may read, themselves, and all where they lead. */
const seesMember = (actor: UserActor, lead: boolean): RawBuilder<SqlBool> =>
  lead
    ? sql<SqlBool>`true`
    : sql<SqlBool>`(users.id = ${actor.userId} or ${actor.find('user:read')?.where('users') ?? sql`false`})`

export const memberJson = sql<string>`json_build_object('user',
  json_build_object('id', users.id, 'username', users.username, 'name', ${users.titleSql('users')}),
  'role', m.role, 'created_at', m.created_at)::text`

/** How a user of the statement is in a group, by all sources together, as `m`. */
export const membership = (group: string) => sql`lateral (
  select ${strongestRole('gm')} as role, min(gm.created_at) as created_at from group_members gm
  where gm.org_id = users.org_id and gm.group_id = ${group} and gm.user_id = users.id and ${begun('gm')} having count(*) > 0) m`

/** A group's members, as far as the reader sees them. */
export function membersOf(actor: UserActor, { id, lead }: Gathering, view: ListView): Source<'users'> {
  const reader = actor.find('user:read')
  // words of a person are found by addresses too: only of those who may be read, not of whom a lead sees the name
  const all = lead && !(reader && view.q)
  return {
    table: 'users',
    grant: { all: false, reach: `members of ${id} ${all ? 'all' : reader?.reach} ${actor.userId}` },
    json: sql<string>`(select ${memberJson} from ${membership(id)})`,
    search: reader ? searchFor(...wordsIn('user', view.q)) : null,
    matching: (db) =>
      db
        .selectFrom('users')
        .where(
          sql<boolean>`users.id in (select gm.user_id from group_members gm where gm.group_id = ${id} and ${begun('gm')})`,
        )
        .where('users.deleted_at', 'is', null)
        .where(seesMember(actor, all)),
  }
}

const MOST_IN_TREE = 2000

/** The whole tree that there is for an action; a group whose parent is out of sight stands at the root. */
export async function treeOf(
  db: Reads,
  actor: UserActor,
  resource: Resource<'group'>,
  grant: Grant<'group'>,
): Promise<{ data: TreeGroup[]; truncated: boolean }> {
  const text = sql<Omit<TreeGroup, 'children'>>`
    select groups.id, groups.name, groups.kind, groups.parent_id, groups.members_count from groups
    where groups.deleted_at is null and ${actor.sees(grant, 'groups')} and ${resource.declared.narrow?.('groups') ?? sql`true`}
    order by groups.sort_name, groups.id limit ${sql.lit(MOST_IN_TREE + 1)}`
  const rows = await db.readAs(actor, compiled(text).build)
  const nodes = new Map<string, TreeGroup>()
  for (const row of rows.slice(0, MOST_IN_TREE)) nodes.set(row.id, { ...row, children: [] })
  const data: TreeGroup[] = []
  for (const node of nodes.values()) (nodes.get(node.parent_id ?? '')?.children ?? data).push(node)
  return { data, truncated: rows.length > MOST_IN_TREE }
}

/** How many people are in groups that are to go, and how many groups beneath them stay. */
export async function heldBy(
  db: Reads,
  grant: Grant<'group', 'delete'>,
  actor: UserActor,
  ids: readonly string[],
): Promise<{ people: number; beneath: number }> {
  const text = sql<{ people: number; beneath: number }>`
    with going as (select g.id from groups g where g.id = any(${ids}::uuid[]) and g.deleted_at is null and ${grant.where('g')})
    select (select count(distinct m.user_id)::int from going join group_members m on m.group_id = going.id
        join users u on u.id = m.user_id and u.deleted_at is null) as people,
      (select count(*)::int from going join groups b on b.parent_id = going.id
        where b.deleted_at is null and b.id not in (select id from going)) as beneath`
  const [found] = await db.readAs(actor, compiled(text).build)
  return found ?? { people: 0, beneath: 0 }
}

const MOST_BENEATH = 20

/** The first of the groups right beneath one, by name. */
export async function beneathOf(
  db: Reads,
  actor: UserActor,
  grant: Grant<'group', 'read'>,
  id: string,
): Promise<Pick<TreeGroup, 'id' | 'name' | 'kind' | 'members_count'>[]> {
  return db.readAs(actor, (q) =>
    q
      .selectFrom('groups')
      .where('groups.parent_id', '=', id)
      .where('groups.deleted_at', 'is', null)
      .where(grant.where())
      .select(['groups.id', 'groups.name', 'groups.kind', 'groups.members_count'])
      .orderBy('groups.sort_name')
      .orderBy('groups.id')
      .limit(sql.lit(MOST_BENEATH))
      .$castTo<Pick<TreeGroup, 'id' | 'name' | 'kind' | 'members_count'>>(),
  )
}
