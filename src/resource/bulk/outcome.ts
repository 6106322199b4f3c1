import type { UserActor } from '#src/access/actor.ts'
import { recheckLast } from '#src/access/renewal.ts'
import { answer } from '#src/db/call.ts'
import type { Database, Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { refusalOf } from '#src/resource/record/attempt.ts'
import type { SavedRecord } from '#src/resource/record/write.ts'

/** How one record fared; unchanged where it was so already. */
export type Outcome = { id: string; status: 'done' | 'unchanged' | 'refused'; reason?: string }

export type BulkAnswer = { done: number; unchanged: number; refused: number; results: Outcome[] }

export const MAX_AT_ONCE = 1000

/**
 * Does the same to many records, each as it would be alone: done, or refused with its reason. In one transaction,
 * in one order for everybody, so that two such writes don't block each other for good. Whoever may no longer do it in
 * the end has done it to none.
 * @param chosen which, as they are in that transaction
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

/** Every refusal of somebody is in the trail, with the record that it was about. */
export function noted(tx: Tx, record: Pick<At, 'id' | 'model'> | null, wanted: string, path: string) {
  const { model: type, id: target } = record ?? { model: 'route', id: null }
  return answer(tx, fn.record_event({ name: 'access:denied', type, target, details: { wanted, path } }))
}
