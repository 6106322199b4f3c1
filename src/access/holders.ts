import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { type Givable, toCover } from '#src/access/granting.ts'
import { parsePermission } from '#src/access/permission.ts'
import { RoleGraph, type RoleNode } from '#src/access/role-graph.ts'
import { lasting, within } from '#src/access/strength.ts'
import type { Tx } from '#src/db/database.ts'
import { Forbidden } from '#src/errors.ts'

/** A role with all its own permissions, disabled ones included. */
export type WholeRole = RoleNode & { template: string | null; disabled: readonly string[] }
type Graph = RoleGraph<WholeRole>

/**
 * Enforces the granting rule for a change of roles: a `group` permission that a role starts to give reaches the groups
 * of everyone with that role, direct or inherited, and the actor must reach all of them. Checks roles first (an
 * organization has few), and people only if the actor's own reach is limited.
 * @param giver the actor's rights for granting, from before the change
 * @throws {Forbidden}
 */
export async function requireHoldersReached(
  tx: Tx,
  actor: UserActor,
  giver: Pick<UserActor, 'rights'>,
  before: Graph,
  after: Graph,
): Promise<void> {
  const found = gains(before, after).filter(({ role, code }) => {
    const scopes = giver.rights.scopes.get(code.slice(0, code.lastIndexOf(':')))
    // permissions the actor lacks altogether are refused by the granting rule
    const partly = scopes?.has('group') && !scopes.has('all')
    return partly && toCover(giver, whole(after, role)).includes(code)
  })
  if (!found.length) return
  const rolesWith = (reads: boolean) => found.flatMap((one) => (one.reads === reads ? [one.role] : []))
  const [reading, writing] = [rolesWith(true), rolesWith(false)]
  const { rows } = await sql<{ beyond: boolean }>`
    with beyond as materialized (
      select g.id, not ${within(actor, 'read', 'g')} as read, not ${within(actor, 'write', 'g')} as write from groups g
    )
    select exists (select from beyond b join group_members m on m.group_id = b.id
      join user_roles ur on ur.user_id = m.user_id
      where (b.read or b.write) and ${lasting} and (b.read and ur.role_id = any(${reading}::uuid[])
        or b.write and m.role <> 'viewer' and ur.role_id = any(${writing}::uuid[]))) as beyond`.execute(tx)
  if (!rows[0]?.beyond) return
  const codes = [...new Set(found.map(({ code }) => code))].sort()
  throw new Forbidden(
    'role:assign',
    `People with this role are in groups where you don’t have ${codes.join(', ')}, so you can’t give it to them.`,
  )
}

type Gain = { role: string; code: string; reads: boolean }

/** `group` permissions that each role starts to give: now, or once everything is active. */
function gains(before: Graph, after: Graph): Gain[] {
  const [was, becomes] = [allActive(before), allActive(after)]
  return [...after.nodes].flatMap(({ id: role }) => {
    const codes = new Set([...becomes.gives(role)].filter((code) => !was.gives(role).has(code)))
    for (const code of after.gives(role)) if (!before.gives(role).has(code)) codes.add(code)
    return [...codes].flatMap((code): Gain[] => {
      const { scope, action } = parsePermission(code) ?? {}
      return scope === 'group' ? [{ role, code, reads: action === 'read' }] : []
    })
  })
}

const allActive = (graph: Graph): Graph =>
  new RoleGraph(
    [...graph.nodes].map((node) => ({ ...node, active: true, codes: [...node.codes, ...node.disabled] })),
  )

const whole = (graph: Graph, role: string): Givable => ({
  held: graph
    .line(role)
    .map(({ template, codes, disabled }) => ({ template, codes: [...codes, ...disabled] })),
})
