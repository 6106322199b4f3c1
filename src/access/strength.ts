import { type RawBuilder, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { type Givable, heldBy, toCover, withDisabled, wouldHold } from '#src/access/granting.ts'
import { begun } from '#src/access/in-force.ts'
import { parsePermission } from '#src/access/permission.ts'
import type { Tx } from '#src/db/database.ts'
import { Forbidden } from '#src/errors.ts'

// Whoever acts on a person could come to act as them: by another address, say. So nobody acts on somebody stronger:
// who reaches, now or by what can come back, what the actor doesn't. Rows count by the groups that a person is in.

/** What membership lets one do in a group; a viewer only reads. */
type Part = 'read' | 'write' | 'lead'

/** What somebody could do, beside what the actor can. */
export type Strength = Givable & {
  /** Whether they are in groups that the actor doesn't reach in the same way. */
  beyond: Record<Part, boolean>
  /** What the actor would hold, were it not disabled for everybody. */
  disabled: string[]
}

const has: Record<Part, (membership: string) => RawBuilder<boolean>> = {
  read: () => sql`true`,
  write: (membership) => sql`${sql.ref(`${membership}.role`)} <> 'viewer'`,
  lead: (membership) => sql`${sql.ref(`${membership}.role`)} = 'lead'`,
}

/**
 * Whether all that a member of a group reaches by it is within the actor's reach, too. A deleted group comes back to
 * those above it and to those in it.
 * @param group alias under which the statement knows `groups`
 */
export function within(actor: UserActor, part: Part, group: string): RawBuilder<boolean> {
  const { readGroups, writeGroups, leadGroups } = actor.rights
  const groups = { read: readGroups, write: writeGroups, lead: leadGroups }[part]
  // a key leads no group, whatever its owner does
  const mine =
    part === 'lead' && actor.isRestricted
      ? sql`false`
      : sql`exists (select from group_members mine where mine.group_id = ${sql.ref(`${group}.id`)}
          and mine.user_id = ${actor.userId} and ${begun('mine')} and ${has[part]('mine')})`
  return sql`(${sql.ref(`${group}.id`)} = any(${groups}::uuid[]) or coalesce(${sql.ref(`${group}.parent_id`)} = any(${groups}::uuid[]), false) or ${mine})`
}

/** Roles that sleep count, since they may wake up, and those that begin later; an assignment that has run out doesn't. */
export const lasting = sql`(ur.expires_at is null or ur.expires_at > now())`

/** @param user a person's id, as the statement knows it */
export function strengthOf(actor: UserActor, user: RawBuilder<unknown>): RawBuilder<Strength> {
  const beyond = (part: Part) =>
    sql`coalesce(bool_or(${has[part]('m')} and not ${within(actor, part, 'g')}), false)`
  return sql`json_build_object(
    'held', ${heldBy(sql`select ur.role_id from user_roles ur where ur.user_id = ${user} and ${lasting}`)},
    'beyond', (select json_build_object('read', ${beyond('read')}, 'write', ${beyond('write')}, 'lead', ${beyond('lead')})
      from group_members m join groups g on g.id = m.group_id where m.user_id = ${user}),
    'disabled', ${wouldHold(actor)})`
}

/** Whether somebody of this strength could do more than the actor; their own rows are no more than one's own. */
export function isStronger(actor: UserActor, { held, beyond, disabled }: Strength): boolean {
  const giver = withDisabled(actor, disabled)
  const { scopes } = giver.rights
  const covers = (code: string) => {
    const permission = parsePermission(code)
    const mine = permission && scopes.get(`${permission.model}:${permission.action}`)
    if (!permission || !mine) return false
    const further = permission.scope === 'group' && beyond[permission.action === 'read' ? 'read' : 'write']
    return mine.has('all') || (mine.has(permission.scope) && !further)
  }
  const changing = scopes.get('group:update')
  const leads = !beyond.lead || changing?.has('all') || (changing?.has('group') && !beyond.write)
  return !leads || !toCover(giver, { held }).every(covers)
}

/**
 * Holds the rule for what is done to people, with their roles locked.
 * @param doing what it is that the actor can't do
 * @throws {Forbidden}
 */
export async function requireNotStronger(
  tx: Tx,
  actor: UserActor,
  people: string | readonly string[],
  doing: string,
): Promise<void> {
  const ids = [people].flat()
  if (!ids.length) return
  await sql`select from user_roles ur join roles r on r.id = ur.role_id
    where ur.user_id = any(${ids}::uuid[]) order by r.id for share of r`.execute(tx)
  const seen = actor.find('user:read')?.where('u') ?? sql`false`
  const { rows } = await sql<{ name: string | null; strength: Strength }>`
    select case when ${seen} then u.full_name end as name,
      ${strengthOf(actor, sql.ref('u.id'))} as strength
    from users u where u.id = any(${ids}::uuid[])`.execute(tx)
  const stronger = rows.find(({ strength }) => isStronger(actor, strength))
  if (stronger) throw new Forbidden('role:assign', strongerThanYou(stronger.name ?? 'This person', doing))
}

export const strongerThanYou = (name: string, doing: string): string =>
  `${name} has access that you don’t have, so you can’t ${doing}.`
