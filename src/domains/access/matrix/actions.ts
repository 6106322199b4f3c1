import type { UserActor } from '#src/access/actor.ts'
import type { Effect } from '#src/access/effect.ts'
import type { Grant } from '#src/access/grant.ts'
import { requireGivable } from '#src/access/granting.ts'
import type { Tx } from '#src/db/database.ts'
import { lockFor } from '#src/db/lock.ts'
import type { Change, Changes } from '#src/domains/access/matrix/model.ts'
import { isFixed } from '#src/domains/access/matrix/queries.ts'
import { editing } from '#src/domains/roles/roles/edit-actions.ts'
import { setPermissions } from '#src/domains/roles/roles/permission-actions.ts'
import { conflict, invalid, stale } from '#src/errors.ts'

/** A role whose column changes, and the codes that come and go. */
export type Changed = { id: string; name: string; more: string[]; less: string[] }

/**
 * Changes boxes of the matrix, all or none: roles that the actor covers, into such as they cover.
 * @throws {Invalid} at what is no role or permission
 * @throws {Stale} for a version that is not the role's
 * @throws {Conflict} for a role that is fixed
 */
export async function changeMatrix(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'role', 'update'>,
  { changes, versions = {} }: Pick<Changes, 'changes' | 'versions'>,
): Promise<{ changed: Changed[]; effects: Effect[] }> {
  await lockFor(tx, 'roles')
  const ids = [...new Set(changes.map(({ role_id }) => role_id))]
  const roles = await tx
    .selectFrom('roles')
    .where('id', 'in', ids)
    .where('deleted_at', 'is', null)
    .where(grant.where())
    .select(['id', 'name', 'version', 'builtin', 'template'])
    .orderBy('id')
    .forUpdate()
    .execute()
  const permissions = await tx
    .selectFrom('permissions')
    .where('id', 'in', [...new Set(changes.map(({ permission_id }) => permission_id))])
    .select(['id', 'code'])
    .execute()
  const codes = new Map(permissions.map(({ id, code }) => [id, code]))
  refuseUnknown(changes, roles, codes)
  const old = roles.filter(({ id, version }) => versions[id] !== undefined && versions[id] !== version)
  if (old.length) throw stale({ roles: old.map(({ id, name, version }) => ({ id, name, version })) })
  const fixed = new Set(roles.filter(isFixed).map(({ id }) => id))
  const at = changes.findIndex(({ role_id }) => fixed.has(role_id))
  if (at >= 0) throw conflict(`changes.${at}.role_id`, 'is a built-in role that always has every permission')
  await requireGivable(tx, actor, ids, 'You can’t change a role that has permissions you don’t hold.')
  const edits = await differing(tx, ids, changes)
  const { effects } = await editing(tx, actor, ids, async () => {
    for (const { id, more, less } of edits) await setPermissions(tx, id, more, less)
  })
  await requireGivable(tx, actor, ids, 'You can only grant permissions you hold.')
  const codesOf = (list: string[]) => list.flatMap((id) => codes.get(id) ?? []).sort()
  const changed = edits.map(({ id, more, less }) => ({
    id,
    name: roles.find((role) => role.id === id)?.name ?? '',
    more: codesOf(more),
    less: codesOf(less),
  }))
  return { changed, effects }
}

function refuseUnknown(
  changes: readonly Change[],
  roles: readonly { id: string }[],
  codes: ReadonlyMap<string, string>,
): void {
  const known = new Set(roles.map(({ id }) => id))
  const wrong = changes.flatMap(({ role_id, permission_id }, index) => [
    ...(known.has(role_id)
      ? []
      : [{ path: `changes.${index}.role_id`, message: 'doesn’t exist, or you don’t have access' }]),
    ...(codes.has(permission_id)
      ? []
      : [{ path: `changes.${index}.permission_id`, message: 'doesn’t exist' }]),
  ])
  if (wrong.length) throw invalid(wrong)
}

/** What is not so already, by role; of two changes of one box the last counts. */
async function differing(tx: Tx, ids: readonly string[], changes: readonly Change[]) {
  const rows = await tx
    .selectFrom('role_permissions')
    .where('role_id', 'in', ids)
    .select(['role_id', 'permission_id'])
    .execute()
  const has = new Set(rows.map(({ role_id, permission_id }) => `${role_id}:${permission_id}`))
  return ids.flatMap((id) => {
    const wanted = new Map(
      changes.filter(({ role_id }) => role_id === id).map(({ permission_id, held }) => [permission_id, held]),
    )
    const which = (held: boolean) =>
      [...wanted].filter(([one, to]) => to === held && has.has(`${id}:${one}`) !== held).map(([one]) => one)
    const [more, less] = [which(true), which(false)]
    return more.length || less.length ? [{ id, more, less }] : []
  })
}
