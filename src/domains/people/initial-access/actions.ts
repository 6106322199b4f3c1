import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { requireGivable } from '#src/access/granting.ts'
import { type Membership, mayPlaceIn, requirePlaceable } from '#src/access/placing.ts'
import type { Tx } from '#src/db/database.ts'
import { Forbidden, invalid, notFound } from '#src/errors.ts'

/** Roles and groups that someone has from the start: who is added, who accepts an invitation. */
export type InitialAccess = {
  roles: readonly string[]
  groups: readonly { id: string; role: Membership }[]
}

/**
 * Holds the rule of granting for what somebody new gets: the giver may give all of it, in these groups.
 * @param placing the Grant by which somebody new is brought
 * @param working also, that every role and group works and goes on until it is given
 * @throws {Forbidden}
 * @throws {Invalid} for what isn't there
 */
export async function requireInitialAccess(
  tx: Tx,
  giver: UserActor,
  placing: Grant,
  { roles, groups }: InitialAccess,
  { working = false } = {},
): Promise<void> {
  if (!groups.every(({ id, role }) => mayPlaceIn(giver, placing, id, role)))
    throw new Forbidden('group:update', 'You can’t add people to this group.')
  const found = await requireGivable(tx, giver, roles)
  if (working) await requireWorking(tx, { roles, groups })
  const missing = roles.findIndex((id) => !found.includes(id))
  if (missing >= 0) throw invalid([{ path: `role_ids.${missing}`, message: 'Choose a role' }])
  for (const { id, role } of groups) await requirePlaceable(tx, giver, { group: id, role, roles: found })
}

export async function giveInitialAccess(
  tx: Tx,
  actor: UserActor,
  user_id: string,
  { roles, groups }: InitialAccess,
): Promise<void> {
  const given = [...new Set(roles)].map((role_id) => ({ user_id, role_id, granted_by: actor.userId }))
  if (given.length) await tx.insertInto('user_roles').values(given).execute()
  const members = groups.map(({ id, role }) => ({ user_id, group_id: id, role }))
  if (members.length) await tx.insertInto('group_members').values(members).execute()
}

/** Locked, so that nothing of it ends before it is given. */
async function requireWorking(tx: Tx, { roles, groups }: InitialAccess): Promise<void> {
  const active = await sql<{ id: string }>`select id from roles where id = any(${roles}::uuid[])
    and deleted_at is null and status = 'active' for share`.execute(tx)
  const working = new Set(active.rows.map(({ id }) => id))
  const missing = roles.findIndex((id) => !working.has(id))
  if (missing >= 0) throw invalid([{ path: `role_ids.${missing}`, message: 'Choose an active role' }])
  const ids = groups.map(({ id }) => id)
  const present =
    await sql`select from groups where id = any(${ids}::uuid[]) and deleted_at is null for share`
  const { rows } = await present.execute(tx)
  if (rows.length < new Set(ids).size) throw invalid([{ path: 'group_id', message: 'Choose a group' }])
}

type Entry = {
  user_id: string | null
  role_ids: string[]
  group_id: string | null
  in_scope: boolean | null
  roles: string[]
  groups: InitialAccess['groups']
}

/**
 * Holds the rule for an invitation as it stands. Of somebody who is among the people already, it counts what they had
 * when it was sent: whoever gave them more since was asked then.
 * @throws {Forbidden} where the giver may not give it
 * @throws {Invalid} for what isn't there
 */
export async function requireVouchable(tx: Tx, giver: UserActor, id: string): Promise<void> {
  const inviting = giver.find('invitation:create')
  const adding = giver.find('user:create')
  const { rows } = await sql<Entry>`
    select i.user_id, i.role_ids, i.group_id,
      case when i.user_id is null then ${inviting?.where('i') ?? sql`false`}
        else ${inviting?.where('i') ?? sql`false`} or exists (
          select from users where users.id = i.user_id and ${adding?.where('users') ?? sql`false`}) end as in_scope,
      array(select ur.role_id from user_roles ur where ur.user_id = i.user_id and ur.created_at <= i.sent_at
        and (ur.expires_at is null or ur.expires_at > now())) as roles,
      (select coalesce(json_agg(json_build_object('id', m.group_id, 'role', m.role)), '[]') from group_members m
        join groups g on g.id = m.group_id and g.deleted_at is null
        where m.user_id = i.user_id and m.created_at <= i.sent_at) as groups
    from invitations i where i.id = ${id}`.execute(tx)
  const [entry] = rows
  if (!entry) throw notFound()
  const placing = entry.user_id ? (adding ?? inviting) : inviting
  if (!entry.in_scope || !placing)
    throw new Forbidden('invitation:create', 'You can’t invite people like this.')
  const { role_ids, group_id } = entry
  const group = group_id ? [{ id: group_id, role: 'member' as const }] : []
  const access = entry.user_id ? entry : { roles: role_ids, groups: group }
  await requireInitialAccess(tx, giver, placing, access, { working: true })
}
