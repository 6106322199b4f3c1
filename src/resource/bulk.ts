import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { Forbidden } from '#src/access/grant.ts'
import type { Database, Db } from '#src/db/database.ts'
import { translated } from '#src/db/errors.ts'
import { httpError } from '#src/http/errors.ts'

/** How one record fared. */
export type Outcome = { id: string; status: 'done' | 'refused'; reason?: string }
export type BulkAnswer = { done: number; refused: number; results: Outcome[] }

export const MOST_AT_ONCE = 1000

/**
 * Does the same to many records, each as it would be alone: done, or refused with its reason. In one transaction,
 * in one order for everybody, so that two such writes don't block each other for good.
 */
export async function eachOf(
  db: Pick<Database, 'withActor'>,
  actor: UserActor,
  ids: readonly string[],
  path: string,
  one: (tx: Db, id: string) => Promise<unknown>,
): Promise<BulkAnswer> {
  const order = [...new Set(ids)].sort()
  return db.withActor(actor, async (tx) => {
    const results: Outcome[] = []
    for (const id of order) results.push(await attempt(tx, id, path, () => one(tx, id)))
    const refused = results.filter(({ status }) => status === 'refused').length
    return { done: results.length - refused, refused, results }
  })
}

async function attempt(tx: Db, id: string, path: string, work: () => Promise<unknown>): Promise<Outcome> {
  await sql`savepoint one`.execute(tx)
  try {
    await work()
    await sql`release savepoint one`.execute(tx)
    return { id, status: 'done' }
  } catch (thrown) {
    const error = httpError(translated(thrown))
    if (error.status >= 500) throw thrown
    await sql`rollback to savepoint one`.execute(tx)
    if (thrown instanceof Forbidden) await noted(tx, id, thrown.wanted, path)
    return { id, status: 'refused', reason: error.message }
  }
}

/** Every refusal of somebody is in the trail. */
const noted = (tx: Db, id: string, wanted: string, path: string) =>
  sql`select app.record_event('access:denied', 'route', ${id}, ${JSON.stringify({ wanted, path })}::jsonb)`.execute(
    tx,
  )
