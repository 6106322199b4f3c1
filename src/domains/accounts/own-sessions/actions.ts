import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { answer } from '#src/db/call.ts'
import type { Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { endSession } from '#src/domains/accounts/sessions/actions.ts'

/** Ends one of the own sessions; the one that asks is signed out by it. Answers whether it was that. */
export async function endOwnSession(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'session', 'delete'>,
  id: string,
): Promise<boolean> {
  await endSession(tx, actor, grant, id)
  const current = id === actor.identity.sessionId
  if (current) await recordSignOut(tx, id)
  return current
}

/** Ends the own sessions in this organization: all the others, or all. Answers how many. */
export async function endOwnSessions(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'session', 'delete'>,
  which: 'others' | 'all',
): Promise<number> {
  const { sessionId } = actor.identity
  let query = tx
    .updateTable('sessions')
    .set({ revoked_at: sql`now()` })
    .where('revoked_at', 'is', null)
    .where('user_id', '=', actor.userId)
    .where(grant.where())
  if (which === 'others') query = query.where('id', '<>', sessionId)
  const ended = await query.returning('id').execute()
  if (ended.some(({ id }) => id === sessionId)) await recordSignOut(tx, sessionId)
  return ended.length
}

const recordSignOut = (tx: Tx, id: string) =>
  answer(tx, fn.record_event({ name: 'auth:sign_out', type: 'session', target: id, details: {} }))
