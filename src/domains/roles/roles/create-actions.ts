import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { requireGivable } from '#src/access/granting.ts'
import type { Tx } from '#src/db/database.ts'
import { lockFor } from '#src/db/lock.ts'
import { type NewRole, roles } from '#src/domains/roles/roles/model.ts'
import {
  parentsNamed,
  permissionsNamed,
  setParents,
  setPermissions,
} from '#src/domains/roles/roles/permission-actions.ts'
import { createRecord, madeRecord, type SavedRecord } from '#src/resource/record/write.ts'

/** Makes a role; its maker covers all that it holds and inherits. */
export async function createRole(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'role', 'create'>,
  { permissions, parent_ids, ...fields }: NewRole & { template?: string },
): Promise<SavedRecord> {
  await lockFor(tx, 'roles')
  const [held, parents] = [await permissionsNamed(tx, permissions), await parentsNamed(tx, parent_ids)]
  const { id } = await createRecord(tx, roles, actor, grant, fields)
  await setPermissions(tx, id, held, [])
  await setParents(tx, actor, id, parents, [])
  await requireGivable(tx, actor, [id], 'You can’t create a role that has permissions you don’t hold.')
  return madeRecord(tx, roles, actor, id)
}
