import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { requireGivable } from '#src/access/granting.ts'
import type { Tx } from '#src/db/database.ts'
import { lockFor } from '#src/db/lock.ts'
import { type Edited, editing } from '#src/domains/roles/roles/edit-actions.ts'
import { type RoleChange, roles } from '#src/domains/roles/roles/model.ts'
import {
  type Own,
  ownOf,
  parentsNamed,
  permissionsNamed,
  setParents,
  setPermissions,
} from '#src/domains/roles/roles/permission-actions.ts'
import { conflict, notFound } from '#src/errors.ts'
import {
  lockRecord,
  reloadRecord,
  restoreRecord,
  type SavedRecord,
  writeRecord,
} from '#src/resource/record/write.ts'

const STRONGER = 'You can’t change this role: it has permissions you don’t hold.'

/** What a role shall be: columns, and ids of all that it holds and inherits from. */
type Wanted = Omit<RoleChange, 'permissions' | 'parent_ids'> & { permissions?: string[]; parents?: string[] }
/** The role, the fields that changed, and what that did to people. */
export type Changed = Edited<SavedRecord> & { fields: readonly string[] }

type Updating = [tx: Tx, actor: UserActor, grant: Grant<'role', 'update'>, id: string, version: number | null]

/** Changes a role that the actor covers into one that they cover. */
async function change(
  [tx, actor, grant, id, version]: Updating,
  wantedOf: (own: Own) => Wanted | Promise<Wanted>,
): Promise<Changed> {
  await lockFor(tx, 'roles')
  const target = await lockRecord(tx, roles, actor, grant, id, { version })
  await requireGivable(tx, actor, [id], STRONGER)
  const own = await ownOf(tx, id)
  const { permissions = own.permissions, parents = own.parents, ...fields } = await wantedOf(own)
  const plain = Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => value !== undefined && value !== own[name as keyof Own]),
  )
  const [more, less] = [without(permissions, own.permissions), without(own.permissions, permissions)]
  const [above, parted] = [without(parents, own.parents), without(own.parents, parents)]
  const changed = [
    ...Object.keys(plain),
    ...(more.length || less.length ? ['permissions'] : []),
    ...(above.length || parted.length ? ['parent_ids'] : []),
  ]
  refuseFixed(own, changed)
  if (!changed.length) return { result: { ...target, unchanged: true }, fields: [], effects: [] }
  const write = async () => {
    if (Object.keys(plain).length) await writeRecord(tx, roles, actor, grant, id, plain)
    await setPermissions(tx, id, more, less)
    await setParents(tx, actor, id, above, parted)
  }
  const seenByHeirs = changed.some((name) => ['name', 'status', 'permissions', 'parent_ids'].includes(name))
  const effects = seenByHeirs ? (await editing(tx, actor, [id], write)).effects : await write().then(() => [])
  await requireGivable(tx, actor, [id], 'You can only grant permissions you hold.')
  return { result: await reloadRecord(tx, roles, actor, id), fields: changed, effects }
}

const without = (ids: readonly string[], others: readonly string[]) =>
  ids.filter((id) => !others.includes(id))

/** Built-in roles keep their names; those that hold everything stay as they are. */
function refuseFixed({ builtin, template }: Own, fields: readonly string[]): void {
  if (!builtin) return
  const everything = template === 'owner' || template === 'superadmin'
  const fixed = everything ? ['name', 'status', 'permissions', 'parent_ids'] : ['name']
  const field = fields.find((name) => fixed.includes(name))
  if (field) throw conflict(field, `of the built-in role ${template} can’t be changed`)
}

/** Changes what is named, and says who gained and lost what by it. */
export const changeRole = (
  tx: Tx,
  actor: UserActor,
  grant: Grant<'role', 'update'>,
  id: string,
  { permissions, parent_ids, ...fields }: RoleChange,
  version: number | null,
): Promise<Changed> =>
  change([tx, actor, grant, id, version], async () => ({
    ...fields,
    permissions: permissions && (await permissionsNamed(tx, permissions)),
    parents: parent_ids && (await parentsNamed(tx, parent_ids)),
  }))

export const updateRole = async (...given: Parameters<typeof changeRole>): Promise<SavedRecord> =>
  (await changeRole(...given)).result

/** Enables or disables; without a status, whichever it isn't. */
export const turnRole = (
  tx: Tx,
  actor: UserActor,
  grant: Grant<'role', 'update'>,
  id: string,
  status: 'active' | 'disabled' | null,
  version: number | null = null,
): Promise<Changed> =>
  change([tx, actor, grant, id, version], (own) => ({
    status: status ?? (own.status === 'active' ? 'disabled' : 'active'),
  }))

/** What is put to a role's own permissions or parents, or taken from them. */
export type Step = { kind: 'permissions' | 'parents'; id: string; add: boolean }

/** One permission or parent more, or one less. @throws {NotFound} for what isn't there to be added or taken away */
export const stepRole = (
  tx: Tx,
  actor: UserActor,
  grant: Grant<'role', 'update'>,
  id: string,
  step: Step,
  version: number | null,
): Promise<Changed> =>
  change([tx, actor, grant, id, version], async (own) => {
    const has = own[step.kind].includes(step.id)
    if (step.add ? !(has || (await exists(tx, step))) : !has) throw notFound()
    const others = own[step.kind].filter((one) => one !== step.id)
    return { [step.kind]: step.add ? [...others, step.id] : others }
  })

async function exists(tx: Tx, { kind, id }: Step): Promise<boolean> {
  const found =
    kind === 'permissions'
      ? tx.selectFrom('permissions').where('id', '=', id).select('id')
      : tx.selectFrom('roles').where('id', '=', id).where('deleted_at', 'is', null).select('id')
  return (await found.executeTakeFirst()) !== undefined
}

/** Takes a role away so that it can be brought back: meanwhile it gives nothing to anybody. */
export async function deleteRole(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'role', 'delete'>,
  id: string,
  version: number | null,
): Promise<void> {
  await lockFor(tx, 'roles')
  await lockRecord(tx, roles, actor, grant, id, { version })
  await requireGivable(tx, actor, [id], 'You can’t delete this role: it has permissions you don’t hold.')
  if ((await ownOf(tx, id)).builtin) throw conflict('', 'A built-in role can’t be deleted.')
  await editing(tx, actor, [id], () => writeRecord(tx, roles, actor, grant, id, { deleted_at: sql`now()` }))
}

/** Brings a role back, to all who had it. */
export async function restoreRole(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'role', 'delete'>,
  id: string,
): Promise<SavedRecord> {
  await lockFor(tx, 'roles')
  const { result } = await editing(tx, actor, [id], () => restoreRecord(tx, roles, actor, grant, id))
  await requireGivable(tx, actor, [id], 'You can’t restore a role that has permissions you don’t hold.')
  return result
}
