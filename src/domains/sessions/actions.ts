import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { Forbidden, type Grant } from '#src/access/grant.ts'
import type { Db } from '#src/db/database.ts'
import { notFound } from '#src/http/errors.ts'

type Chosen = { ids?: readonly string[]; user_id?: string }

/** Ends sessions within scope; what is out of sight counts as not there. Answers the ids that were ended. */
export async function endSessions(
  tx: Db,
  grant: Grant<'session', 'delete'>,
  { ids, user_id }: Chosen,
): Promise<string[]> {
  let query = tx
    .updateTable('sessions')
    .set({ revoked_at: sql`now()` })
    .where('revoked_at', 'is', null)
    .where(grant.where())
  if (ids?.length) query = query.where('id', 'in', ids)
  if (user_id) query = query.where('user_id', '=', user_id)
  const ended = await query.returning('id').execute()
  return ended.map(({ id }) => id)
}

/** Ends one session: 404 where it can't be seen, 403 where it can only be seen. */
export async function endSession(
  tx: Db,
  actor: UserActor,
  grant: Grant<'session', 'delete'>,
  id: string,
): Promise<void> {
  const [ended] = await endSessions(tx, grant, { ids: [id] })
  if (ended) return
  const visible = actor.find('session:read')
  const seen = visible
    ? await tx
        .selectFrom('sessions')
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .where(visible.where())
        .select('id')
        .executeTakeFirst()
    : undefined
  throw seen ? new Forbidden('session:delete') : notFound()
}
