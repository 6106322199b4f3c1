import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { Forbidden, type Grant } from '#src/access/grant.ts'
import { requireNotStronger } from '#src/access/strength.ts'
import type { Db } from '#src/db/database.ts'
import { users } from '#src/domains/users/model.ts'
import { conflict } from '#src/http/errors.ts'
import { lockRecord, type Written, writtenRecord } from '#src/resource/write.ts'

/**
 * Lets somebody sign in again at once; for whoever may change everybody. Nobody stronger: whoever unlocks a name may
 * guess its password again.
 */
export async function unlockUser(
  tx: Db,
  actor: UserActor,
  grant: Grant<'user', 'update'>,
  id: string,
): Promise<Written> {
  await lockRecord(tx, users, actor, grant, id, {})
  if (!grant.all) throw new Forbidden('user:update:all', 'You can’t change how this person signs in.')
  // whoever has a key of theirs may still not guess their password
  if (id !== actor.userId || actor.narrow) await requireNotStronger(tx, actor, id, 'unlock them')
  const { rows } = await sql<{ done: boolean | null }>`select app.unlock_account(${id}) as done`.execute(tx)
  const [unlocked] = rows
  if (unlocked?.done == null) throw new Forbidden('account', 'Only the account’s owner can unlock it.')
  return { ...(await writtenRecord(tx, users, actor, id)), unchanged: !unlocked.done }
}

/**
 * Takes a second factor away, for whoever lost it: their sessions end, and they are told by mail. Of an account that the
 * organization manages, and of nobody stronger.
 */
export async function resetSecondFactor(
  tx: Db,
  actor: UserActor,
  grant: Grant<'user', 'update'>,
  id: string,
): Promise<Written> {
  await lockRecord(tx, users, actor, grant, id, {})
  if (!grant.all) throw new Forbidden('user:update:all', 'You can’t change how this person signs in.')
  if (id === actor.userId) throw conflict('', 'Change your own on your Security page.')
  await requireNotStronger(tx, actor, id, 'turn off their two-step verification')
  const { rows } = await sql<{ done: boolean | null }>`select app.reset_second_factor(${id}) as done`.execute(
    tx,
  )
  if (rows[0]?.done === null)
    throw new Forbidden('account', 'Only the account’s owner can change how they sign in.')
  if (!rows[0]?.done) throw conflict('', 'They don’t use two-step verification.')
  return writtenRecord(tx, users, actor, id)
}
