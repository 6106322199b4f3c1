import type { UserActor } from '#src/access/actor.ts'
import { recheckLast } from '#src/access/renewal.ts'
import { answer } from '#src/db/call.ts'
import type { Database, Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { refusalOf } from '#src/resource/record/attempt.ts'
import type { SavedRecord } from '#src/resource/record/write.ts'

/** The outcome for one record; unchanged if it already was in that state. */
export type Outcome = { id: string; status: 'done' | 'unchanged' | 'refused'; reason?: string }

export type BulkAnswer = { done: number; unchanged: number; refused: number; results: Outcome[] }

export const MAX_AT_ONCE = 1000

/**
 * Applies an action to many records, each as if alone: done, or refused with its reason. All in one transaction and in
 * a fixed order, so that concurrent bulk writes can't deadlock. If the actor loses the permission before the end,
 * nothing is saved.
 * @param chosen selects the records within that transaction
 */
export async function eachOf(
  db: Pick<Database, 'withActor'>,
  actor: UserActor,
  chosen: (tx: Tx) => Promise<readonly string[]>,
  at: { path: string; model: string },
  one: (tx: Tx, id: string) => Promise<unknown>,
): Promise<BulkAnswer> {
  actor.begin('bulk')
  return db.withActor(actor, async (tx) => {
    const order = (await chosen(tx)).toSorted()
    const results: Outcome[] = []
    for (const id of order) results.push(await attempt(tx, { ...at, id }, () => one(tx, id)))
    await recheckLast(tx, actor)
    const count = (of: Outcome['status']) => results.filter(({ status }) => status === of).length
    return { done: count('done'), unchanged: count('unchanged'), refused: count('refused'), results }
  })
}

type At = { id: string; path: string; model: string }

async function attempt(tx: Tx, at: At, work: () => Promise<unknown>): Promise<Outcome> {
  const { id, path } = at
  let made: unknown
  const refused = await refusalOf(tx, async () => {
    made = await work()
  })
  if (!refused) return { id, status: (made as Partial<SavedRecord>)?.unchanged ? 'unchanged' : 'done' }
  if (refused.denied) await noted(tx, at, refused.denied, path)
  return { id, status: 'refused', reason: refused.error.message }
}

/** Records a refusal in the trail, with the record it was about. */
export function noted(tx: Tx, record: Pick<At, 'id' | 'model'> | null, wanted: string, path: string) {
  const { model: type, id: target } = record ?? { model: 'route', id: null }
  return answer(tx, fn.record_event({ name: 'access:denied', type, target, details: { wanted, path } }))
}
