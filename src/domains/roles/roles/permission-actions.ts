import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Tx } from '#src/db/database.ts'
import { conflict, invalid, notFound } from '#src/errors.ts'

/**
 * What a role is and has by itself, whoever asks: ids of its permissions and of the roles it inherits from. Deleted ones
 * among these are in nobody's sight, and stay as they are until they come back.
 */
export type Own = {
  name: string
  description: string
  status: string
  second_factor_required: boolean
  builtin: boolean
  template: string | null
  permissions: string[]
  parents: string[]
}

export async function ownOf(tx: Tx, id: string): Promise<Own> {
  const { rows } = await sql<Own>`
    select r.name, r.description, r.status, r.second_factor_required, r.builtin, r.template,
      array(select h.permission_id from role_permissions h where h.role_id = r.id) as permissions,
      array(select i.parent_id from role_parents i join roles p on p.id = i.parent_id
        where i.role_id = r.id and p.deleted_at is null) as parents
    from roles r where r.id = ${id}`.execute(tx)
  const [own] = rows
  if (!own) throw notFound()
  return own
}

/** Ids of permissions by their codes. @throws {Invalid} at each that is none */
export async function permissionsNamed(tx: Tx, codes: readonly string[]): Promise<string[]> {
  if (!codes.length) return []
  const found = await tx.selectFrom('permissions').where('code', 'in', codes).select(['id', 'code']).execute()
  const ids = new Map(found.map(({ code, id }) => [code, id]))
  refuseUnknown('permissions', 'Choose a permission', codes, ids)
  return [...ids.values()]
}

/** Roles to inherit from. @throws {Invalid} at each that is none */
export async function parentsNamed(tx: Tx, ids: readonly string[]): Promise<string[]> {
  if (!ids.length) return []
  const there = tx.selectFrom('roles').where('deleted_at', 'is', null).where('id', 'in', ids).select('id')
  const found = new Map((await there.execute()).map(({ id }) => [id, id]))
  refuseUnknown('parent_ids', 'Choose a role', ids, found)
  return [...found.values()]
}

function refuseUnknown(
  field: string,
  message: string,
  named: readonly string[],
  known: ReadonlyMap<string, string>,
): void {
  const errors = named.flatMap((name, index) =>
    known.has(name) ? [] : [{ path: `${field}.${index}`, message }],
  )
  if (errors.length) throw invalid(errors)
}

/** Puts permissions into a role, and takes others out of it. */
export async function setPermissions(
  tx: Tx,
  role_id: string,
  more: readonly string[],
  less: readonly string[],
): Promise<void> {
  if (less.length)
    await tx
      .deleteFrom('role_permissions')
      .where('role_id', '=', role_id)
      .where(sql<boolean>`permission_id = any(${less}::uuid[])`)
      .execute()
  if (more.length)
    await sql`insert into role_permissions (role_id, permission_id)
      select ${role_id}, id from unnest(${more}::uuid[]) id`.execute(tx)
}

/** Lets a role inherit from more roles, and no longer from others. @throws {Conflict} naming the circle */
export async function setParents(
  tx: Tx,
  actor: UserActor,
  role_id: string,
  more: readonly string[],
  less: readonly string[],
): Promise<void> {
  if (less.length)
    await tx
      .deleteFrom('role_parents')
      .where('role_id', '=', role_id)
      .where(sql<boolean>`parent_id = any(${less}::uuid[])`)
      .execute()
  if (!more.length) return
  if (more.includes(role_id))
    throw circle(actor, await nameOf(tx, role_id).then((name) => `${name} → ${name}`))
  await sql`insert into role_parents (role_id, parent_id)
    select ${role_id}, id from unnest(${more}::uuid[]) id`
    .execute(tx)
    .catch((error: { constraint?: string; message: string }) => {
      throw error.constraint === 'role_parents_acyclic'
        ? circle(actor, error.message.replace(/^[^:]*: /, ''))
        : error
    })
}

/** The names on the way are for those who may read roles. */
const circle = (actor: UserActor, way: string) =>
  conflict('parent_ids', `would make the role inherit from itself${actor.can('role:read') ? `: ${way}` : ''}`)

async function nameOf(tx: Tx, id: string): Promise<string> {
  return (await tx.selectFrom('roles').where('id', '=', id).select('name').executeTakeFirstOrThrow()).name
}
