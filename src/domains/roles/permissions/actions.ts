import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { effectOf } from '#src/access/effect.ts'
import type { Grant } from '#src/access/grant.ts'
import { keepingAnAdministrator, requireCovered } from '#src/access/granting.ts'
import type { Tx } from '#src/db/database.ts'
import { lockFor } from '#src/db/lock.ts'
import {
  type NewPermission,
  type PermissionChange,
  type PermissionRecord,
  permissions,
} from '#src/domains/roles/permissions/model.ts'
import { editing } from '#src/domains/roles/roles/edit-actions.ts'
import { conflict } from '#src/errors.ts'
import {
  changedOf,
  lockRecord,
  madeRecord,
  mapConstraintErrors,
  type SavedRecord,
  writeRecord,
} from '#src/resource/record/write.ts'

/** Makes a permission of the organization's own; the roles that have everything have it at once. */
export async function createPermission(
  tx: Tx,
  actor: UserActor,
  _grant: Grant<'permission', 'create'>,
  input: NewPermission,
): Promise<SavedRecord> {
  await lockFor(tx, 'roles')
  const builtin = await tx
    .selectFrom('permissions')
    .where('model', '=', input.model)
    .where('action', '=', input.action)
    .where('builtin', '=', true)
    .select('id')
    .executeTakeFirst()
  if (builtin) throw conflict('action', 'is already built in for this model')
  const { id } = await mapConstraintErrors(
    permissions,
    tx.insertInto('permissions').values(input).returning('id').executeTakeFirstOrThrow(),
  )
  const whole = await tx
    .selectFrom('roles')
    .where('builtin', '=', true)
    .where('template', 'in', ['owner', 'superadmin'])
    .select('id')
    .forUpdate()
    .execute()
  const roles = whole.map((role) => role.id)
  await editing(tx, actor, roles, () =>
    sql`insert into role_permissions (role_id, permission_id) select role, ${id} from unnest(${roles}::uuid[]) role`.execute(
      tx,
    ),
  )
  return madeRecord(tx, permissions, actor, id)
}

/** Changes what is named: of a built-in one whether it is active, of others what is said of them, too. */
export async function updatePermission(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'permission', 'update'>,
  id: string,
  change: PermissionChange,
  version: number | null,
): Promise<SavedRecord> {
  await lockFor(tx, 'roles')
  const target = await lockRecord(tx, permissions, actor, grant, id, { version })
  const was = target.row() as unknown as PermissionRecord
  const changed = changedOf(change, was)
  const fixed = was.builtin
    ? Object.keys(changed).find((name) => name !== 'status')
    : ['model', 'action', 'scope'].find((name) => name in changed)
  if (fixed) throw conflict(fixed, `of a${was.builtin ? ' built-in' : ''} permission can’t be changed`)
  if (!Object.keys(changed).length) return { ...target, unchanged: true }
  const write = () => writeRecord(tx, permissions, actor, grant, id, changed)
  if (!('status' in changed)) return write()
  await requireCovered(tx, actor, [was.code], 'You can’t enable or disable a permission you don’t hold.')
  const roles = await holders(tx, id)
  return (await keepingAnAdministrator(tx, () => effectOf(tx, actor, roles, write))).result
}

/** Enables or disables; without a status, whichever it isn't. */
export async function turnPermission(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'permission', 'update'>,
  id: string,
  status: 'active' | 'disabled' | null,
  version: number | null = null,
): Promise<SavedRecord> {
  await lockFor(tx, 'roles')
  const was = (await lockRecord(tx, permissions, actor, grant, id, { version })).row()
  const other = was.status === 'active' ? 'disabled' : 'active'
  return updatePermission(tx, actor, grant, id, { status: status ?? other }, version)
}

/** Deletes a permission of the organization's own for good, out of every role. */
export async function deletePermission(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'permission', 'delete'>,
  id: string,
  version: number | null,
): Promise<void> {
  await lockFor(tx, 'roles')
  const was = (await lockRecord(tx, permissions, actor, grant, id, { version })).row()
  if (was.builtin) throw conflict('', 'A built-in permission can’t be deleted; it can be disabled.')
  await requireCovered(tx, actor, [String(was.code)], 'You can’t delete a permission you don’t hold.')
  const roles = await holders(tx, id)
  await editing(tx, actor, roles, () => tx.deleteFrom('permissions').where('id', '=', id).execute())
}

/** Roles that hold the permission themselves, locked: what they give changes with it. */
async function holders(tx: Tx, id: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select r.id from roles r where exists (
      select from role_permissions h where h.role_id = r.id and h.permission_id = ${id})
    order by r.id for update`.execute(tx)
  return rows.map((role) => role.id)
}
