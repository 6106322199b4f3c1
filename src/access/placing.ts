import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { Forbidden, grant } from '#src/access/grant.ts'
import { type Givable, givingRights, toCover } from '#src/access/granting.ts'
import { parsePermission, type Scope } from '#src/access/permission.ts'
import type { Db } from '#src/db/database.ts'

// Being in a group gives: the `group`-scoped permissions of a person's roles begin to reach it and the groups beneath.
// So adding somebody, moving a group and bringing one back follow the rule of granting: nobody gives more there than
// they have there.

export type Membership = 'lead' | 'member' | 'viewer'

/** Somebody who would come into a group, known already or with these roles. */
export type Newcomer = { group: string; role: Membership } & ({ user: string } | { roles: readonly string[] })

type Giver = Pick<UserActor, 'rights'>
/** Roles of those who gain, and whether they would read, and do more than read. */
type Bearing = RawBuilder<{ role_id: string; reads: boolean; writes: boolean }>

/**
 * Holds the rule for somebody who comes into a group, or gets a higher role in it. What they reach there already is
 * not given; nor is what a role gives everywhere. Who is put into a group is also put before its people: none of
 * them may gain more over a person than the giver has.
 * @throws {Forbidden}
 */
export async function requirePlaceable(tx: Db, actor: UserActor, newcomer: Newcomer): Promise<void> {
  const { group, role } = newcomer
  const writes = role !== 'viewer'
  const bearing: Bearing =
    'roles' in newcomer
      ? sql`select id as role_id, true as reads, ${writes}::boolean as writes from roles where id = any(${newcomer.roles}::uuid[])`
      : sql`select ur.role_id, not there.reads as reads, ${writes} and not there.writes as writes
          from user_roles ur, (select count(*) > 0 as reads, coalesce(bool_or(m.role <> 'viewer'), false) as writes
            from group_members m where m.user_id = ${newcomer.user} and m.group_id in ${above([group])}) there
          where ur.user_id = ${newcomer.user} and ${lasting}`
  if (await exceeds(tx, actor, bearing, holdsAt(group)))
    throw refused('This person could do more in this group than you may: you may not add them.')
  if ('roles' in newcomer) return
  const known = sql`select group_id from group_members where user_id = ${newcomer.user}`
  const people = membersOf(sql`${above([group])} except ${above(known)}`)
  if (await exceeds(tx, actor, people, await holdsOver(tx, actor, newcomer.user)))
    throw refused('The people of this group could do more with this person’s record than you may.')
}

/**
 * Holds the rule for a group that moves in the tree: for the people of every group that comes to stand above it.
 * @throws {Forbidden}
 */
export async function requireMovable(
  tx: Db,
  actor: UserActor,
  group: string,
  from: string | null,
  to: string | null,
): Promise<void> {
  const gaining = membersOf(sql`${above([to])} except ${above([from])}`)
  if (await exceeds(tx, actor, gaining, holdsAt(group)))
    throw refused('The people above could do more in this group than you may: you may not move it there.')
}

/**
 * Holds the rule for a group that comes back: for its own people, and those of the groups above it.
 * @throws {Forbidden}
 */
export async function requireReturning(
  tx: Db,
  actor: UserActor,
  group: string,
  parent: string | null,
): Promise<void> {
  const gaining = membersOf(sql`select ${group}::uuid union ${above([parent])}`)
  if (await exceeds(tx, actor, gaining, holdsAt(group)))
    throw refused('Its people could do more in this group than you may: you may not bring it back.')
}

const refused = (message: string) => new Forbidden('role:assign', message)

/** Those groups and all above them, as far as reach goes: not past a deleted one. */
function above(groups: readonly (string | null)[] | RawBuilder<unknown>): RawBuilder<unknown> {
  const these = Array.isArray(groups) ? sql`select unnest(${groups}::uuid[])` : groups
  return sql`(
    with recursive up(id, parent_id) as (
      select g.id, g.parent_id from groups g where g.id in (${these}) and g.deleted_at is null
      union
      select g.id, g.parent_id from up join groups g on g.id = up.parent_id where g.deleted_at is null
    ) select id from up)`
}

/** Roles that sleep count, since they may wake up; one that has run out doesn't. */
const lasting = sql`(ur.expires_at is null or ur.expires_at > now())`

/** The distinct roles of all members of some groups. */
const membersOf = (groups: RawBuilder<unknown>): Bearing =>
  sql`select ur.role_id, true as reads, bool_or(m.role <> 'viewer') as writes
    from (${groups}) g(id) join group_members m on m.group_id = g.id join user_roles ur on ur.user_id = m.user_id
    where ${lasting} group by ur.role_id`

type Holds = (giver: Giver, model: string, action: string) => boolean

/** What the giver may do in a group and those beneath it. */
const holdsAt =
  (group: string): Holds =>
  ({ rights }, model, action) => {
    const scopes = rights.scopes.get(`${model}:${action}`)
    const groups = action === 'read' ? rights.readGroups : rights.writeGroups
    return scopes !== undefined && (scopes.has('all') || (scopes.has('group') && groups.includes(group)))
  }

/** What the giver may do with a person's record. */
async function holdsOver(tx: Db, { userId, rights }: UserActor, person: string): Promise<Holds> {
  const within = (scope: Scope, groups: readonly string[]): RawBuilder<SqlBool> =>
    grant('user', 'read', new Set([scope]), { userId, groups }).where('u')
  const { rows } = await sql<{ own: boolean; read: boolean; write: boolean }>`
    select ${within('own', [])} as own, ${within('group', rights.readGroups)} as read,
      ${within('group', rights.writeGroups)} as write from users u where u.id = ${person}`.execute(tx)
  return (giver, model, action) => {
    if (model !== 'user') return true
    const scopes = giver.rights.scopes.get(`user:${action}`)
    const shared = action === 'read' ? rows[0]?.read : rows[0]?.write
    return Boolean(
      scopes?.has('all') || (scopes?.has('group') && shared) || (scopes?.has('own') && rows[0]?.own),
    )
  }
}

/**
 * Whether a role of those who gain would reach further than the giver does. One statement, a row for each distinct
 * role. Where the same role holds an action for `all`, `group` adds nothing to it.
 */
async function exceeds(tx: Db, actor: UserActor, bearing: Bearing, holds: Holds): Promise<boolean> {
  const { rows } = await sql<Givable & { reads: boolean; writes: boolean }>`
    with recursive bearing as (${bearing}),
    up(role_id, id) as (
      select role_id, role_id from bearing
      union
      select up.role_id, i.parent_id from up join role_parents i on i.role_id = up.id
    )
    select b.reads, b.writes, json_agg(json_build_object('template', r.template, 'codes', array(
        select p.code from role_permissions h join permissions p on p.id = h.permission_id
        where h.role_id = r.id and p.scope = 'group' and not exists (
          select from role_permissions e join permissions a on a.id = e.permission_id
          where e.role_id = r.id and a.model = p.model and a.action = p.action and a.scope = 'all' and a.status = 'active')))) as held
    from bearing b join up on up.role_id = b.role_id join roles r on r.id = up.id
    group by b.role_id, b.reads, b.writes`.execute(tx)
  const beyond = (giver: Giver) =>
    rows.some((role) =>
      toCover(giver, role).some((code) => {
        const permission = parsePermission(code)
        if (!permission) return true
        const gained = permission.action === 'read' ? role.reads : role.writes
        return gained && !holds(giver, permission.model, permission.action)
      }),
    )
  return beyond(actor) && beyond(await givingRights(tx, actor))
}
