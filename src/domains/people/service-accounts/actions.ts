import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Db } from '#src/db/database.ts'
import { begun, insertUser, requireBeginning } from '#src/domains/people/initial-access/actions.ts'
import type { NewServiceAccount } from '#src/domains/people/service-accounts/model.ts'
import type { Written } from '#src/resource/record/write.ts'

/** Makes a service account with roles and groups that the maker may give. @throws {Conflict} for a taken name */
export async function createServiceAccount(
  tx: Db,
  actor: UserActor,
  grant: Grant<'user', 'create'>,
  { username, first_name, ...beginning }: NewServiceAccount,
): Promise<Written> {
  await requireBeginning(tx, actor, grant, beginning)
  const made = await insertUser(tx, actor, {
    kind: 'service',
    status: 'active',
    email: '',
    username,
    first_name,
  })
  return begun(tx, actor, grant, made, beginning)
}
