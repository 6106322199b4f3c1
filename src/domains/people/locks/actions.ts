import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { requireNotStronger } from '#src/access/strength.ts'
import { answer } from '#src/db/call.ts'
import type { Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { users } from '#src/domains/people/users/model.ts'
import { conflict, Forbidden } from '#src/errors.ts'
import { lockRecord, reloadRecord, type SavedRecord } from '#src/resource/record/write.ts'

/**
 * Lets somebody sign in again at once; for whoever may change everybody. Nobody stronger: whoever unlocks a name may
 * guess its password again.
 */
export async function unlockUser(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'user', 'update'>,
  id: string,
): Promise<SavedRecord> {
  await lockRecord(tx, users, actor, grant, id, {})
  if (!grant.all) throw new Forbidden('user:update:all', 'You can’t change how this person signs in.')
  // whoever has a key of theirs may still not guess their password
  if (id !== actor.userId || actor.isRestricted) await requireNotStronger(tx, actor, id, 'unlock them')
  const unlocked = await answer(tx, fn.unlock_account({ person: id }))
  if (unlocked === null)
    throw new Forbidden(
      'account',
      'Your organization doesn’t manage this account, so only they can unlock it.',
    )
  return { ...(await reloadRecord(tx, users, actor, id)), unchanged: !unlocked }
}

/**
 * Takes a second factor away, for whoever lost it: their sessions end, and they are told by mail. Of an account that the
 * organization manages, and of nobody stronger.
 */
export async function resetSecondFactor(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'user', 'update'>,
  id: string,
): Promise<SavedRecord> {
  await lockRecord(tx, users, actor, grant, id, {})
  if (!grant.all) throw new Forbidden('user:update:all', 'You can’t change how this person signs in.')
  if (id === actor.userId) throw conflict('', 'You can turn off your own on your Security page.')
  await requireNotStronger(tx, actor, id, 'turn off their two-step verification')
  const done = await answer(tx, fn.reset_second_factor({ person: id }))
  if (done === null)
    throw new Forbidden(
      'account',
      'Your organization doesn’t manage this account, so only they can change how they sign in.',
    )
  if (!done) throw conflict('', 'Two-step verification is off for this person.')
  return reloadRecord(tx, users, actor, id)
}
