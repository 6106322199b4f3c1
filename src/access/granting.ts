import { type RawBuilder, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { Forbidden } from '#src/access/grant.ts'
import { parsePermission, type Scope } from '#src/access/permission.ts'
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

/** What a role gives, with all it inherits, and whether it is a template that may be assigned freely. */
const given = (
  ids: readonly string[],
): RawBuilder<{ id: string; template: string | null; codes: string[] }> => sql`
  with recursive held(root, id) as (
    select id, id from roles where id = any(${ids}::uuid[]) and deleted_at is null
    union
    select h.root, p.parent_id from held h join role_parents p on p.role_id = h.id
  )
  select r.id, case when r.builtin then r.template end as template,
    (select coalesce(array_agg(distinct p.code), '{}') from held h
     join role_permissions rp on rp.role_id = h.id join permissions p on p.id = rp.permission_id where h.root = r.id) as codes
  from roles r where r.id = any(${ids}::uuid[]) and r.deleted_at is null
  for share of r`

/**
 * The rule of granting for roles: the giver's permissions cover all that the roles hold, or the giver has
 * `role:assign:all` and the role is a built-in template below the reserved ones.
 * @throws {Forbidden}
 * @returns ids of the roles that exist here
 */
export async function requireGivable(tx: Db, actor: UserActor, ids: readonly string[]): Promise<string[]> {
  if (!ids.length) return []
  const { rows } = await given(ids).execute(tx)
  const assigns = actor.rights.scopes.get('role:assign')?.has('all') ?? false
  for (const { template, codes } of rows) {
    const free = assigns && template !== null && !RESERVED.includes(template)
    if (!free && !covers(actor.rights.scopes, codes))
      throw new Forbidden('role:assign', 'You may not give a role that has more than you.')
  }
  return rows.map((row) => row.id)
}

/**
 * Nobody changes how a stronger person signs in: that would be a way to become them.
 * @throws {Forbidden}
 */
export async function requireNotStronger(tx: Db, actor: UserActor, userId: string): Promise<void> {
  if (!covers(actor.rights.scopes, await permissionsOf(tx, userId))) {
    throw new Forbidden(
      'user:update',
      'This person may do more than you: you may not change how they sign in.',
    )
  }
}

/** Whole permissions that somebody in this organization has now. */
export async function permissionsOf(tx: Db, userId: string): Promise<string[]> {
  const { rows } = await sql<{
    rights: { permissions: string[] }
  }>`select app.rights_of(${userId}) as rights`.execute(tx)
  return rows[0]?.rights.permissions ?? []
}

/** What administers roles; the last person who has it can't lose it. */
export const ADMINISTERS = 'role:update:all'

/**
 * Whether anybody else administers roles, decided under a lock that lasts to the end of the transaction.
 */
export async function othersAdminister(tx: Db, userId: string): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(hashtextextended('administrators ' || app.org_id(), 0))`.execute(tx)
  const { rows } = await sql`
    with recursive bearing(id) as (
      select rp.role_id from role_permissions rp join permissions p on p.id = rp.permission_id
      where p.code = ${ADMINISTERS} and p.status = 'active'
      union
      select c.role_id from bearing b join roles r on r.id = b.id and r.status = 'active' and r.deleted_at is null
      join role_parents c on c.parent_id = b.id
    )
    select from user_roles ur join bearing b on b.id = ur.role_id
    join roles r on r.id = ur.role_id and r.status = 'active' and r.deleted_at is null
    join users u on u.id = ur.user_id
    where u.id <> ${userId} and u.status = 'active' and u.deleted_at is null and (ur.expires_at is null or ur.expires_at > now())
    limit 1`.execute(tx)
  return rows.length > 0
}
