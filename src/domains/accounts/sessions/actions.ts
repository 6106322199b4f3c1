import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { requireNotStronger } from '#src/access/strength.ts'
import type { Tx } from '#src/db/database.ts'
import { Forbidden, notFound } from '#src/errors.ts'

type Chosen = { ids?: readonly string[] | undefined; user_id?: string | undefined }

/**
 * Ends sessions within scope, of nobody stronger; what is out of sight counts as not there. Answers the ids that were
 * ended.
 */
export async function endSessions(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'session', 'delete'>,
  { ids, user_id }: Chosen,
): Promise<string[]> {
  const chosen = sql<boolean>`revoked_at is null and ${grant.where()}
    and ${ids?.length ? sql`id = any(${ids}::uuid[])` : sql`true`} and ${user_id ? sql`user_id = ${user_id}` : sql`true`}`
  const others = tx.selectFrom('sessions').where(chosen).where('user_id', '<>', actor.userId)
  const people = await others.select('user_id').distinct().execute()
  const whose = people.map((one) => one.user_id)
  await requireNotStronger(tx, actor, whose, 'sign them out')
  const ended = await tx
    .updateTable('sessions')
    .set({ revoked_at: sql`now()` })
    .where(chosen)
    .where('user_id', 'in', [...whose, actor.userId])
    .returning('id')
    .execute()
  return ended.map(({ id }) => id)
}

/** Ends one session: {NotFound} where it can't be seen, {Forbidden} where it can only be seen. */
export async function endSession(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'session', 'delete'>,
  id: string,
): Promise<void> {
  const [ended] = await endSessions(tx, actor, grant, { ids: [id] })
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
