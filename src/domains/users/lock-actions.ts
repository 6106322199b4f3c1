import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { Forbidden, type Grant } from '#src/access/grant.ts'
import type { Db, Door } from '#src/db/database.ts'
import { users } from '#src/domains/users/model.ts'
import { lockRecord, type Written, writtenRecord } from '#src/resource/write.ts'

/** Until when too many wrong passwords keep somebody out; null where they don't. */
export async function lockedUntil(db: Door, actor: UserActor, id: string): Promise<string | null> {
  const lock = sql<{ until: string } | null>`app.account_lock(${id})`.as('lock')
  const [found] = await db.readAs(actor, (q) => q.selectNoFrom(lock))
  return found?.lock?.until ?? null
}

/** Lets somebody sign in again at once; for whoever may change everybody. */
export async function unlockUser(
  tx: Db,
  actor: UserActor,
  grant: Grant<'user', 'update'>,
  id: string,
): Promise<Written> {
  await lockRecord(tx, users, actor, grant, id, {})
  if (!grant.all) throw new Forbidden('user:update:all', 'You may not change how this person signs in.')
  const { rows } = await sql<{ done: boolean }>`select app.unlock_account(${id}) as done`.execute(tx)
  if (!rows[0]?.done)
    throw new Forbidden('account', 'This account belongs to the person alone: only they can unlock it.')
  return writtenRecord(tx, users, actor, id)
}
