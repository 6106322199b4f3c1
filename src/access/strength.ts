import { type RawBuilder, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { type Givable, heldBy, toCover, withDisabled, wouldHold } from '#src/access/granting.ts'
import { begun } from '#src/access/in-force.ts'
import { parsePermission } from '#src/access/permission.ts'
import type { Tx } from '#src/db/database.ts'
import { Forbidden } from '#src/errors.ts'

// Acting on an account can lead to acting as it: by changing its e-mail address, say. So no one acts on someone
// stronger, who reaches, now or through what can be restored, what the actor doesn't. Rows count by group.

/** What membership in a group allows; a viewer only reads. */
type Part = 'read' | 'write' | 'lead'

/** What a user could do, compared with the actor. */
export type Strength = Givable & {
  /** Whether they are in groups that the actor doesn't reach to the same degree. */
  beyond: Record<Part, boolean>
  /** Permissions the actor would hold if they weren't disabled for everyone. */
  disabled: string[]
}

const has: Record<Part, (membership: string) => RawBuilder<boolean>> = {
  read: () => sql`true`,
  write: (membership) => sql`${sql.ref(`${membership}.role`)} <> 'viewer'`,
  lead: (membership) => sql`${sql.ref(`${membership}.role`)} = 'lead'`,
}

/**
 * Whether the actor reaches everything that membership in a group reaches. A deleted group counts for its ancestors
 * and its members: it may be restored.
 * @param group alias of `groups` in the statement
 */
export function within(actor: UserActor, part: Part, group: string): RawBuilder<boolean> {
  const { readGroups, writeGroups, leadGroups } = actor.rights
  const groups = { read: readGroups, write: writeGroups, lead: leadGroups }[part]
  // a key leads no group, even if its owner does
  const mine =
    part === 'lead' && actor.isRestricted
      ? sql`false`
      : sql`exists (select from group_members mine where mine.group_id = ${sql.ref(`${group}.id`)}
          and mine.user_id = ${actor.userId} and ${begun('mine')} and ${has[part]('mine')})`
  return sql`(${sql.ref(`${group}.id`)} = any(${groups}::uuid[]) or coalesce(${sql.ref(`${group}.parent_id`)} = any(${groups}::uuid[]), false) or ${mine})`
}

/** Assignments that count: inactive roles may be enabled again and later ones will start; only expired ones don't. */
export const lasting = sql`(ur.expires_at is null or ur.expires_at > now())`

/** @param user SQL expression for the user's id */
export function strengthOf(actor: UserActor, user: RawBuilder<unknown>): RawBuilder<Strength> {
  const beyond = (part: Part) =>
    sql`coalesce(bool_or(${has[part]('m')} and not ${within(actor, part, 'g')}), false)`
  return sql`json_build_object(
    'held', ${heldBy(sql`select ur.role_id from user_roles ur where ur.user_id = ${user} and ${lasting}`)},
    'beyond', (select json_build_object('read', ${beyond('read')}, 'write', ${beyond('write')}, 'lead', ${beyond('lead')})
      from group_members m join groups g on g.id = m.group_id where m.user_id = ${user}),
    'disabled', ${wouldHold(actor)})`
}

/** Whether a user of this strength could do more than the actor. Scope `own` counts as equal for both. */
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
 * Enforces the rule for actions on a user, and locks their roles.
 * @param doing the action, as the refusal names it
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
