import { type RawBuilder, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { Forbidden } from '#src/access/grant.ts'
import { parsePermission, type Scope } from '#src/access/permission.ts'
import { permissionsOfTemplate } from '#src/access/templates.ts'
import type { Db } from '#src/db/database.ts'

/** Templates that `role:assign:all` doesn't cover: who gives them must have all that they hold. */
const RESERVED = ['superadmin', 'owner', 'admin']

/** Whether all that is given is held: `all` covers every scope, `group` covers itself and `own`… only by itself. */
export function covers(held: ReadonlyMap<string, ReadonlySet<Scope>>, given: readonly string[]): boolean {
  return given.every((code) => {
    const parsed = parsePermission(code)
    if (!parsed) return false
    const scopes = held.get(`${parsed.model}:${parsed.action}`)
    return scopes !== undefined && (scopes.has('all') || scopes.has(parsed.scope))
  })
}

/** What the rule of granting asks of a role. */
export type Givable = { template: string | null; codes: string[] }

/**
 * What a role gives, with all it inherits, and its template where it is a built-in one.
 * @param role alias under which the statement knows `roles`
 */
export const givable = (
  role: string,
): { template: RawBuilder<string | null>; codes: RawBuilder<string[]> } => ({
  template: sql`case when ${sql.ref(`${role}.builtin`)} then ${sql.ref(`${role}.template`)} end`,
  codes: sql`(with recursive held(id) as (
      select ${sql.ref(`${role}.id`)} union select rp.parent_id from held join role_parents rp on rp.role_id = held.id
    ) select coalesce(array_agg(distinct p.code), '{}') from held
      join role_permissions rp on rp.role_id = held.id join permissions p on p.id = rp.permission_id)`,
})

/**
 * The rule of granting: the giver's permissions cover all that the role holds. Whoever has `role:assign:all` needs
 * to cover only what was added to a built-in template below the reserved ones.
 */
export function mayGive({ rights }: UserActor, { template, codes }: Givable): boolean {
  const assigns = rights.scopes.get('role:assign')?.has('all') ?? false
  const known =
    assigns && template !== null && !RESERVED.includes(template) ? permissionsOfTemplate(template) : []
  return covers(rights.scopes, known.length ? codes.filter((code) => !known.includes(code)) : codes)
}

/**
 * Holds the rule for several roles, under locks on them.
 * @throws {Forbidden}
 * @returns ids of the roles that exist here
 */
export async function requireGivable(
  tx: Db,
  actor: UserActor,
  ids: readonly string[],
  refusal = 'You may not give a role that has more than you.',
): Promise<string[]> {
  if (!ids.length) return []
  const { template, codes } = givable('roles')
  const found = await tx
    .selectFrom('roles')
    .where('id', 'in', ids)
    .where('deleted_at', 'is', null)
    .select(['id', template.as('template'), codes.as('codes')])
    .forShare()
    .execute()
  if (!found.every((role) => mayGive(actor, role))) {
    throw new Forbidden('role:assign', refusal)
  }
  return found.map((role) => role.id)
}

/**
 * Nobody changes how a stronger person signs in, nor brings one back: that would be a way to give what one
 * doesn't have. Roles that sleep count, since they may wake up.
 * @param doing what it is that they may not do
 * @throws {Forbidden}
 */
export async function requireNotStronger(
  tx: Db,
  actor: UserActor,
  userId: string,
  doing: string,
): Promise<void> {
  const held = await tx
    .selectFrom('user_roles')
    .where('user_id', '=', userId)
    .where(sql<boolean>`coalesce(expires_at > now(), true)`)
    .select('role_id')
    .execute()
  const ids = held.map(({ role_id }) => role_id)
  await requireGivable(tx, actor, ids, `This person may do more than you: you may not ${doing}.`)
}

/** What administers roles; the last person who has it can't lose it. */
export const ADMINISTERS = 'role:update:all'

/** Nobody would be left who can administer roles: 409. */
export class LastAdministrator extends Error {
  constructor() {
    super('Nobody would be left who can administer roles: give that to somebody else first, without an end.')
  }
}

/**
 * Runs a write that may take the right to administer roles from people, one at a time in an organization, and
 * refuses it where nobody is left who has that right for good (or, where nobody had, nobody at all).
 * @throws {LastAdministrator}
 */
export async function keepingAnAdministrator<T>(tx: Db, work: () => Promise<T>): Promise<T> {
  await sql`select pg_advisory_xact_lock(hashtextextended('administrators ' || app.org_id(), 0))`.execute(tx)
  const before = await administrators(tx)
  const result = await work()
  if (before > 0 && (await administrators(tx)) < before) throw new LastAdministrator()
  return result
}

/** 2 where somebody administers roles for good, 1 where somebody does for a time, 0 where nobody does. */
async function administrators(tx: Db): Promise<number> {
  const { rows } = await sql<{ level: number }>`
    with recursive bearing(id) as (
      select rp.role_id from role_permissions rp join permissions p on p.id = rp.permission_id
      where p.code = ${ADMINISTERS} and p.status = 'active'
      union
      select c.role_id from bearing b join roles r on r.id = b.id and r.status = 'active' and r.deleted_at is null
      join role_parents c on c.parent_id = b.id
    )
    select case when ur.expires_at is null then 2 else 1 end as level from user_roles ur join bearing b on b.id = ur.role_id
    join roles r on r.id = ur.role_id and r.status = 'active' and r.deleted_at is null
    join users u on u.id = ur.user_id
    where u.status = 'active' and u.deleted_at is null and (ur.expires_at is null or ur.expires_at > now())
    order by 1 desc limit 1`.execute(tx)
  return rows[0]?.level ?? 0
}
