import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Tx } from '#src/db/database.ts'
import { requireInitialAccess } from '#src/domains/people/initial-access/actions.ts'
import type { NewServiceAccount } from '#src/domains/people/service-accounts/model.ts'
import { insertUser, withInitialAccess } from '#src/domains/people/users/create-actions.ts'
import type { SavedRecord } from '#src/resource/record/write.ts'

/** Makes a service account with roles and groups that the maker may give. @throws {Conflict} for a taken name */
export async function createServiceAccount(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'user', 'create'>,
  { username, first_name, role_ids: roles, groups }: NewServiceAccount,
): Promise<SavedRecord> {
  await requireInitialAccess(tx, actor, grant, { roles, groups })
  const made = await insertUser(tx, actor, {
    kind: 'service',
    status: 'active',
    email: '',
    username,
    first_name,
  })
  return withInitialAccess(tx, actor, grant, made, { roles, groups })
}
