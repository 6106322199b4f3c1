import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { type Grant, grant } from '#src/access/grant.ts'
import { givingRights, toCover } from '#src/access/granting.ts'
import { begun } from '#src/access/in-force.ts'
import { parsePermission, type Scope } from '#src/access/permission.ts'
import { lasting } from '#src/access/strength.ts'
import type { Tx } from '#src/db/database.ts'
import { Forbidden } from '#src/errors.ts'

// Membership grants access: the member's `group` permissions start to reach the group and its subgroups. So adding a
// member, moving a group and restoring one follow the granting rule: no one gives more there than they have there.

export type Membership = 'lead' | 'member' | 'viewer'

/** Someone about to join a group: an existing user, or a new one with these roles. */
export type Newcomer = { group: string; role: Membership } & ({ user: string } | { roles: readonly string[] })

type Giver = Pick<UserActor, 'rights'>

/**
 * Adding a member takes the right to update the group or to place people in it; appointing a lead takes the former.
 * @param placing the Grant under which a new person is added
 */
export function mayPlaceIn(actor: UserActor, placing: Grant, group: string, role?: Membership): boolean {
  const changes = actor.find('group:update')
  const reaches = ({ scopes, holder }: Grant) => scopes.has('group') && holder.groups.includes(group)
  return (role !== 'lead' && reaches(placing)) || (changes !== null && (changes.all || reaches(changes)))
}

/** The same as a condition for the groups of a statement, for any role but lead. */
export function mayPlaceInRow(actor: UserActor, placing: Grant, groups: string): RawBuilder<SqlBool> {
  const changes = actor.find('group:update')
  if (changes?.all) return sql`true`
  const reached = [placing, changes].flatMap((one) => (one?.scopes.has('group') ? one.holder.groups : []))
  return sql`${sql.ref(`${groups}.id`)} = any(${reached}::uuid[])`
}

/**
 * Enforces the granting rule for someone who joins a group or gets a higher role in it. What they already reach there
 * isn't given, nor is what a role gives everywhere. The group's members in turn start to reach the newcomer: none of
 * them may gain more over that person than the giver has.
 * @throws {Forbidden}
 */
export async function requirePlaceable(tx: Tx, actor: UserActor, newcomer: Newcomer): Promise<void> {
  const { group, role } = newcomer
  const roles = await groupRoles(tx)
  const { reading, writing } = await stronger(tx, actor, roles, holdsAt(group))
  const gained = role === 'viewer' ? reading : [...reading, ...writing]
  const brings =
    'roles' in newcomer
      ? newcomer.roles.some((id) => gained.includes(id))
      : gained.length > 0 && (await bringsTo(tx, newcomer.user, newcomer, { reading, writing }))
  if (brings) throw refused('You can’t add them: in this group they could do more than you can.')
  if ('roles' in newcomer) return
  const over = await stronger(tx, actor, roles, await holdsOver(tx, actor, newcomer.user))
  const known = sql`select m.group_id from group_members m where m.user_id = ${newcomer.user} and ${begun('m')}`
  if (await amongMembers(tx, over, sql`${above([group])} except ${above(known)}`))
    throw refused('The people of this group could do more with this person’s record than you can.')
}

/**
 * Enforces the granting rule for assigning a role: it starts to reach the groups its new holder is in.
 * @throws {Forbidden}
 */
export async function requireReach(tx: Tx, actor: UserActor, user: string, role: string): Promise<void> {
  const memberships = await tx
    .selectFrom('group_members')
    .where('user_id', '=', user)
    .select(['group_id', sql<Membership>`role`.as('role')])
    .execute()
  if (!memberships.length) return
  const roles = await groupRoles(tx)
  for (const { group_id, role: as } of memberships) {
    const { reading, writing } = await stronger(tx, actor, roles, holdsAt(group_id))
    const gained = as === 'viewer' ? reading : [...reading, ...writing]
    if (gained.includes(role))
      throw refused(
        'You can’t assign this role: in one of this person’s groups it allows more than you can do there.',
      )
  }
}

/**
 * Enforces the granting rule for moving a group: for the members of every group that becomes its ancestor.
 * @throws {Forbidden}
 */
export async function requireMovable(
  tx: Tx,
  actor: UserActor,
  group: string,
  from: string | null,
  to: string | null,
): Promise<void> {
  const over = await stronger(tx, actor, await groupRoles(tx), holdsAt(group))
  if (await amongMembers(tx, over, sql`${above([to])} except ${above([from])}`))
    throw refused('You can’t move it there: the people above could do more in this group than you can.')
}

/**
 * Enforces the granting rule for restoring a group: for its own members and those of its ancestors.
 * @throws {Forbidden}
 */
export async function requireReturning(
  tx: Tx,
  actor: UserActor,
  group: string,
  parent: string | null,
): Promise<void> {
  const over = await stronger(tx, actor, await groupRoles(tx), holdsAt(group))
  if (await amongMembers(tx, over, sql`select ${group}::uuid union ${above([parent])}`))
    throw refused('You can’t restore it: its people could do more in this group than you can.')
}

const refused = (message: string) => new Forbidden('role:assign', message)

/** The groups and their ancestors, up to the first deleted one: reach ends there. */
function above(groups: readonly (string | null)[] | RawBuilder<unknown>): RawBuilder<unknown> {
  const these = Array.isArray(groups) ? sql`select unnest(${groups}::uuid[])` : groups
  return sql`(
    with recursive up(id, parent_id) as (
      select g.id, g.parent_id from groups g where g.id in (${these}) and g.deleted_at is null
      union
      select g.id, g.parent_id from up join groups g on g.id = up.parent_id where g.deleted_at is null
    ) select id from up)`
}

/** Roles that would read more than the giver can, and roles that would write more. */
type Stronger = { reading: string[]; writing: string[] }

/** Whether one of the roles would start to reach the group through this person, who may already be in it. */
async function bringsTo(
  tx: Tx,
  person: string,
  { group, role }: Newcomer,
  { reading, writing }: Stronger,
): Promise<boolean> {
  const { rows } = await sql<{ brings: boolean }>`
    with there as (
      select count(*) > 0 as reads, coalesce(bool_or(m.role <> 'viewer'), false) as writes
      from group_members m where m.user_id = ${person} and ${begun('m')} and m.group_id in ${above([group])})
    select exists (select from user_roles ur, there where ur.user_id = ${person} and ${lasting}
      and (ur.role_id = any(${reading}::uuid[]) and not there.reads
        or ur.role_id = any(${writing}::uuid[]) and ${role !== 'viewer'} and not there.writes)) as brings`.execute(
    tx,
  )
  return rows[0]?.brings ?? true
}

/** Whether a member of one of the groups has one of the roles; viewers only read. */
async function amongMembers(
  tx: Tx,
  { reading, writing }: Stronger,
  groups: RawBuilder<unknown>,
): Promise<boolean> {
  if (!reading.length && !writing.length) return false
  const { rows } = await sql<{ there: boolean }>`
    select exists (select from (${groups}) g(id) join group_members m on m.group_id = g.id
      join user_roles ur on ur.user_id = m.user_id
      where ${lasting} and (ur.role_id = any(${reading}::uuid[])
        or ur.role_id = any(${writing}::uuid[]) and m.role <> 'viewer')) as there`.execute(tx)
  return rows[0]?.there ?? true
}

type Holds = (giver: Giver, model: string, action: string) => boolean

/** What the giver may do in a group and its subgroups. */
const holdsAt =
  (group: string): Holds =>
  ({ rights }, model, action) => {
    const scopes = rights.scopes.get(`${model}:${action}`)
    const groups = action === 'read' ? rights.readGroups : rights.writeGroups
    return scopes !== undefined && (scopes.has('all') || (scopes.has('group') && groups.includes(group)))
  }

/** What the giver may do to a person's record. */
async function holdsOver(tx: Tx, { userId, rights }: UserActor, person: string): Promise<Holds> {
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

type GroupRole = { id: string; template: string | null; parents: string[]; codes: string[] }

/**
 * Every role with its own `group` permissions: an organization has few. Leaves out actions that the same role holds
 * for `all`.
 */
async function groupRoles(tx: Tx): Promise<ReadonlyMap<string, GroupRole>> {
  const { rows } = await sql<GroupRole>`
    with held as (
      select h.role_id, p.model, p.action, p.scope, p.code, p.status
      from role_permissions h join permissions p on p.id = h.permission_id where p.scope <> 'own'
    ), given as (
      select g.role_id, array_agg(g.code) as codes from held g
      left join held a on a.role_id = g.role_id and a.model = g.model and a.action = g.action and a.scope = 'all' and a.status = 'active'
      where g.scope = 'group' and a.role_id is null group by g.role_id
    )
    select r.id, r.template, coalesce(given.codes, '{}') as codes, array(
      select i.parent_id from role_parents i where i.role_id = r.id) as parents
    from roles r left join given on given.role_id = r.id`.execute(tx)
  return new Map(rows.map((role) => [role.id, role]))
}

async function stronger(
  tx: Tx,
  actor: UserActor,
  roles: ReadonlyMap<string, GroupRole>,
  holds: Holds,
): Promise<Stronger> {
  const found = strongerThan(actor, roles, holds)
  if (!found.reading.length && !found.writing.length) return found
  return strongerThan(await givingRights(tx, actor), roles, holds)
}

function strongerThan(giver: Giver, roles: ReadonlyMap<string, GroupRole>, holds: Holds): Stronger {
  const found: Stronger = { reading: [], writing: [] }
  for (const id of roles.keys()) {
    const lacking = toCover(giver, { held: withParents(roles, id) })
      .map(parsePermission)
      .filter((permission) => !permission || !holds(giver, permission.model, permission.action))
    if (lacking.some((permission) => permission?.action === 'read')) found.reading.push(id)
    if (lacking.some((permission) => permission?.action !== 'read')) found.writing.push(id)
  }
  return found
}

/** A role and its ancestors, inactive ones included. */
function withParents(roles: ReadonlyMap<string, GroupRole>, id: string): GroupRole[] {
  const found = new Map<string, GroupRole>()
  const add = (one: string) => {
    const role = roles.get(one)
    if (!role || found.has(one)) return
    found.set(one, role)
    role.parents.forEach(add)
  }
  add(id)
  return [...found.values()]
}
