import { type RawBuilder, sql } from 'kysely'
import { rightsFrom, type UserActor } from '#src/access/actor.ts'
import { inForce } from '#src/access/in-force.ts'
import { parsePermission, type Scope } from '#src/access/permission.ts'
import { permissionsOfTemplate } from '#src/access/templates.ts'
import type { Tx } from '#src/db/database.ts'
import { lockFor } from '#src/db/lock.ts'
import { Conflict, Forbidden } from '#src/errors.ts'

/** Templates that `role:assign:all` doesn't cover: only someone with all their permissions may assign them. */
const RESERVED = ['superadmin', 'owner', 'admin']

/** Whether every given code is held: `all` covers every scope; `group` and `own` cover only themselves. */
export function covers(held: ReadonlyMap<string, ReadonlySet<Scope>>, given: readonly string[]): boolean {
  return given.every((code) => {
    const parsed = parsePermission(code)
    if (!parsed) return false
    const scopes = held.get(`${parsed.model}:${parsed.action}`)
    return scopes !== undefined && (scopes.has('all') || scopes.has(parsed.scope))
  })
}

/** What the granting rule needs of a role: the codes and template of the role and of each of its ancestors. */
export type Givable = { held: readonly { template: string | null; codes: readonly string[] }[] }

/**
 * What a role gives, inherited permissions included. Disabled ones count: they may be enabled again.
 * @param role alias of `roles` in the statement
 */
export const givable = (role: string): RawBuilder<Givable['held']> =>
  heldBy(sql`select ${sql.ref(`${role}.id`)}`)

/**
 * What several roles give together, inherited permissions included.
 * @param roles a query for their ids
 */
export const heldBy = (roles: RawBuilder<unknown>): RawBuilder<Givable['held']> => sql`(
  with recursive up(id) as (
    ${roles} union select i.parent_id from up join role_parents i on i.role_id = up.id
  ) select coalesce(json_agg(json_build_object('template', r.template, 'codes', array(
      select p.code from role_permissions h join permissions p on p.id = h.permission_id where h.role_id = r.id))), '[]')
    from up join roles r on r.id = up.id)`

/**
 * Which of a role's permissions the giver must hold: with `role:assign:all`, only those added to a template that
 * isn't reserved.
 */
export function toCover({ rights }: Pick<UserActor, 'rights'>, { held }: Givable): string[] {
  const assigns = rights.scopes.get('role:assign')?.has('all') ?? false
  const known = new Set(
    held.flatMap(({ template, codes }) => {
      if (!assigns || template === null || RESERVED.includes(template)) return []
      const templates = permissionsOfTemplate(template)
      return codes.filter((code) => templates.includes(code))
    }),
  )
  return held.flatMap(({ codes }) => codes.filter((code) => !known.has(code)))
}

/** The granting rule: the giver's permissions cover what the role holds, templates aside. */
export const mayGive = (giver: Pick<UserActor, 'rights'>, role: Givable): boolean =>
  covers(giver.rights.scopes, toCover(giver, role))

/**
 * Disabled permissions that the actor would otherwise hold. Disabling one takes it from everyone, but its holders
 * must still be able to assign it and to enable it again.
 */
export const wouldHold = ({ identity, userId, isRestricted }: UserActor): RawBuilder<string[]> =>
  // a restricted actor gets nothing from the user's roles
  isRestricted
    ? sql`'{}'::text[]`
    : sql`array(
      with recursive held(id) as (
        select r.id from user_roles ur join roles r on r.id = ur.role_id and r.status = 'active' and r.deleted_at is null
        where ur.user_id = ${userId} and ${inForce('ur')}
        union
        select r.id from held join role_parents i on i.role_id = held.id
        join roles r on r.id = i.parent_id and r.status = 'active' and r.deleted_at is null
      )
      select p.code from permissions p where p.status = 'disabled' and (${identity.home !== null} or exists (
        select from role_permissions h join held on held.id = h.role_id where h.permission_id = p.id)))`

/** The rights that decide what an actor may assign: current ones, and those disabled for everyone. */
export async function givingRights(tx: Tx, actor: UserActor): Promise<Pick<UserActor, 'rights'>> {
  const { rows } = await sql<{ disabled: string[] }>`select ${wouldHold(actor)} as disabled`.execute(tx)
  return withDisabled(actor, rows[0]?.disabled ?? [])
}

export function withDisabled({ rights }: UserActor, disabled: readonly string[]): Pick<UserActor, 'rights'> {
  const { scopes } = rightsFrom([...rights.permissions, ...disabled], [], [])
  return { rights: { ...rights, scopes } }
}

/**
 * Enforces the granting rule for single permissions.
 * @throws {Forbidden}
 */
export async function requireCovered(
  tx: Tx,
  actor: UserActor,
  codes: readonly string[],
  refusal: string,
): Promise<void> {
  if (covers(actor.rights.scopes, codes)) return
  if (!covers((await givingRights(tx, actor)).rights.scopes, codes))
    throw new Forbidden('role:assign', refusal)
}

/**
 * Enforces the granting rule for several roles, and locks them.
 * @throws {Forbidden}
 * @returns ids of the roles that exist here
 */
export async function requireGivable(
  tx: Tx,
  actor: UserActor,
  ids: readonly string[],
  refusal = 'You can’t assign a role with more permissions than you have.',
): Promise<string[]> {
  if (!ids.length) return []
  const there = tx.selectFrom('roles').where('id', 'in', ids).where('deleted_at', 'is', null)
  // locked first: a statement that waits for a lock still reads its old snapshot
  await there.select('id').forShare().execute()
  const found = await there.select(['id', givable('roles').as('held')]).execute()
  const all = (giver: Pick<UserActor, 'rights'>) => found.every((role) => mayGive(giver, role))
  if (!all(actor) && !all(await givingRights(tx, actor))) throw new Forbidden('role:assign', refusal)
  return found.map((role) => role.id)
}

/** The permission to administer roles; its last holder can't lose it. */
export const ADMINISTERS = 'role:update:all'

/** No one would be left who can manage roles. */
class LastAdministrator extends Conflict {
  constructor() {
    super('No one would be left who can manage roles. Assign that to someone else first, without an expiry.')
  }
}

/**
 * Runs a write that may take the right to administer roles away, one at a time in an organization, and refuses it if
 * no one would keep that right permanently (or, if no one had it permanently, at all).
 * @throws {LastAdministrator}
 */
export async function keepingAnAdministrator<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  await lockFor(tx, 'administrators')
  const before = await administrators(tx)
  const result = await work()
  if (before > 0 && (await administrators(tx)) < before) throw new LastAdministrator()
  return result
}

/** 2 if someone administers roles permanently, 1 if only until some date, 0 if no one does. */
async function administrators(tx: Tx): Promise<number> {
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
    where u.status = 'active' and u.deleted_at is null and u.kind = 'person' and ${inForce('ur')}
    order by 1 desc limit 1`.execute(tx)
  return rows[0]?.level ?? 0
}
