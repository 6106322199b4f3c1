import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { begun, strongestRole } from '#src/access/in-force.ts'
import type { Door } from '#src/db/database.ts'
import type { Page } from '#src/db/paging.ts'
import type { Groups } from '#src/domains/people/groups/model.ts'
import type { Member } from '#src/domains/people/members/model.ts'
import { users } from '#src/domains/people/users/model.ts'
import { notFound } from '#src/errors.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import { list, type Source, statement } from '#src/resource/list/query.ts'
import { searchFor, wordsIn } from '#src/resource/list/search.ts'
import type { Reads } from '#src/resource/parts.ts'

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
export const gatheringOf = (actor: UserActor, resource: Groups, id: string): RawBuilder<Gathering> => {
  const [read, update] = [reach(actor, 'group:read'), reach(actor, 'group:update')]
  const lead = sql<SqlBool>`groups.id = any(${actor.rights.leadGroups}::uuid[])`
  return sql`select groups.id, groups.name, groups.version, groups.members_count, groups.deleted_at is not null as deleted,
      ${read} as read, ${update} as update, ${lead} as lead
    from groups where groups.id = ${id} and (${read} or ${update} or ${lead}) and ${resource.declared.baseFilter?.('groups') ?? sql`true`}`
}

const reach = (actor: UserActor, permission: 'group:read' | 'group:update'): RawBuilder<SqlBool> =>
  actor.find(permission)?.where('groups') ?? sql<SqlBool>`false`

/** A page of a group's members, as somebody reads it. */
export type Gathered = {
  gathering: Gathering
  found: Page<Member>
  view: ListView
  /** `/groups` or `/departments`. */
  base: string
  /** Who reads, and whether they may open people. */
  me: string
  opens: boolean
}

/** @throws {NotFound} where the reader neither sees nor leads such a group */
export async function readGathering(
  db: Reads,
  actor: UserActor,
  resource: Groups,
  id: string,
): Promise<Gathering> {
  const [found] = await db.readAs(actor, (q) => statement(q, gatheringOf(actor, resource, id)))
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
function membersOf(actor: UserActor, { id, lead }: Gathering, view: ListView): Source<'users'> {
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

/** What the members of a group are shown with. */
export async function membersFor(
  db: Door,
  actor: UserActor,
  { path: base }: Groups,
  gathering: Gathering,
  view: ListView,
): Promise<Gathered> {
  const found = await list<Member, 'users'>(db, actor, view, membersOf(actor, gathering, view))
  return { gathering, found, view, base, me: actor.userId, opens: actor.can('user:read') }
}
