import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { requireNotStronger } from '#src/access/strength.ts'
import { answer } from '#src/db/call.ts'
import type { Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { revokeOf } from '#src/domains/people/invitations/actions.ts'
import { users } from '#src/domains/people/users/model.ts'
import { conflict, Forbidden } from '#src/errors.ts'
import { lockRecord, reloadRecord, type SavedRecord } from '#src/resource/record/write.ts'

/**
 * Gives somebody who was invited their first password, and lets them in. For whoever may change everybody, of accounts
 * that the organization manages; another password is the person's alone.
 */
export async function setFirstPassword(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'user', 'update'>,
  id: string,
  hash: string,
): Promise<SavedRecord> {
  const person = (await lockRecord(tx, users, actor, grant, id, {})).row()
  if (!grant.all) throw new Forbidden('user:update:all', 'You can’t change how this person signs in.')
  await requireNotStronger(tx, actor, id, 'set their password')
  if (person.status !== 'invited') throw conflict('', 'They’ve already chosen a password.')
  if (!(await answer(tx, fn.set_first_password({ person: id, hash }))))
    throw new Forbidden(
      'account',
      'Your organization doesn’t manage this account, so only they can set its password.',
    )
  await tx.updateTable('users').set({ status: 'active' }).where('users.id', '=', id).execute()
  await revokeOf(tx, id)
  return reloadRecord(tx, users, actor, id)
}
