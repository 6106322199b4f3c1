import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model } from '#src/access/permission.ts'
import type { Door } from '#src/db/database.ts'
import { type Call, type Endpoint, known, post, type Refusal } from '#src/http/endpoint.ts'
import { HttpError, invalid } from '#src/http/errors.ts'
import { queryOf, validQuery } from '#src/http/input.ts'
import { pairsOf } from '#src/http/text.ts'
import { paths } from '#src/paths.ts'
import { actionsOf } from '#src/resource/actions.ts'
import { eachOf, MOST_AT_ONCE, type Outcome } from '#src/resource/bulk.ts'
import { everyRow } from '#src/resource/list.ts'
import type { Actions, Bulk, Chosen, Parts } from '#src/resource/parts.ts'
import { placesOf } from '#src/resource/places.ts'
import { namesOf, sourceOf } from '#src/resource/query.ts'
import type { Resource, Row } from '#src/resource/resource.ts'
import { againScreen, fared, outcomeScreen } from '#src/resource/views/bulk.tsx'
import type { Frame } from '#src/ui/frame.ts'

/** What is done to many records of an entity: its own, and deleting and bringing back. */
export function bulkOf<M extends Model>(
  resource: Resource<M>,
  parts: Pick<Parts<M>, 'actions' | 'bulk' | 'without'>,
): Readonly<Record<string, Bulk>> {
  const { remove, restore }: Actions<M> = actionsOf(resource, parts)
  const { many } = resource.declared
  const takesAway: Bulk = {
    needs: 'delete',
    label: 'Delete',
    icon: 'trash-2',
    did: 'deleted',
    danger: true,
    confirm: resource.soft ? `The ${many} can be restored.` : 'This can’t be undone.',
    one: (tx, actor, grant, id) => remove(tx, actor, grant, id, null),
  }
  const bringsBack: Bulk = {
    needs: 'delete',
    label: 'Restore',
    icon: 'rotate-ccw',
    did: 'restored',
    already: 'not deleted',
    deleted: true,
    one: (tx, actor, grant, id) => restore(tx, actor, grant, id),
  }
  const deletes = !parts.without?.includes('delete')
  return {
    ...parts.bulk,
    ...(deletes ? { delete: takesAway } : {}),
    ...(deletes && resource.soft ? { restore: bringsBack } : {}),
  }
}

const outcome = z.strictObject({
  id: z.guid(),
  status: z.enum(['done', 'unchanged', 'refused']).meta({
    description: 'unchanged: it was so already, and nothing was written.',
  }),
  reason: z.string().optional(),
})
const answer = z
  .strictObject({ done: z.int(), unchanged: z.int(), refused: z.int(), results: z.array(outcome) })
  .meta({ id: 'bulk_answer' })

const ids = z.preprocess(
  (value) => (typeof value === 'string' ? [value] : value),
  z.array(z.guid('is no id').toLowerCase()).max(MOST_AT_ONCE, `has at most ${MOST_AT_ONCE} ids`),
)

/** `POST /<path>/bulk`: the same for up to 1,000 records, with an answer for each. */
export function bulkRoute<M extends Model>(
  resource: Resource<M>,
  parts: Pick<Parts<M>, 'actions' | 'bulk' | 'chosen' | 'without'>,
): Endpoint {
  const from = parts.chosen ?? inTable(resource)
  const all = bulkOf(resource, parts)
  const names = Object.keys(all) as [string, ...string[]]
  const body = z
    .object({
      action: z.enum(names, `must be one of ${names.join(', ')}`),
      ids: ids.optional(),
      matching: z.string().max(2000).optional(),
    })
    .catchall(z.unknown())
  const path = placesOf(resource.path).bulk
  const { many } = resource.declared
  const options = {
    body,
    answer,
    summary: `Do the same to many ${many}`,
    refused: async (
      { db, actor, sent }: Pick<Call, 'db' | 'sent'> & { actor: UserActor },
      refusal: Refusal,
    ) => {
      const bulk = all[String(sent.action)]
      const choices = bulk?.asks ? await bulk.asks.options(db, actor) : []
      return (frame: Frame) => againScreen(resource, bulk, choices, refusal, frame)
    },
  }
  return post(path, known, options, async (call) => {
    const { db, actor } = call
    const { action, ids: named, matching, ...given } = call.body
    const bulk = all[action] as Bulk
    const grant = actor.require(resource.may(bulk.needs)) as unknown as Grant<M>
    const chosen = matching === undefined ? named : await idsMatching(db, resource, from, actor, matching)
    if (!chosen?.length) throw invalid([{ path: 'ids', message: 'names no record' }])
    if (bulk.asks && !z.guid().safeParse(given[bulk.asks.name]).success)
      throw invalid([{ path: bulk.asks.name, message: 'is needed' }])
    const result = await eachOf(db, actor, chosen, path, (tx, id) =>
      bulk.one(tx, actor, grant as never, id, given),
    )
    if (!result.refused) {
      const location = actor.can(resource.may('read')) ? resource.path : paths.home
      return { json: result, location, notice: fared(resource.declared, bulk, result).join(', ') }
    }
    return {
      json: result,
      screen: async (frame: Frame) => {
        const refused = await refusedRows(db, resource, from, actor, result.results, frame)
        const fields = { action, ...texts(given) }
        return outcomeScreen(
          resource,
          bulk,
          { fared: fared(resource.declared, bulk, result), refused, fields },
          frame,
        )
      },
    }
  })
}

const texts = (given: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(given).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )

const inTable = <M extends Model>(resource: Resource<M>): Chosen<M> => ({
  every: (db, actor, grant, view) => everyRow(db, actor, view, sourceOf(resource, grant, view, actor)),
  names: (db, actor, grant, ids) => namesOf(db, actor, resource, grant, ids),
})

/** All that a list's query matches, as far as the reader sees them; too many are refused. */
async function idsMatching<M extends Model>(
  db: Door,
  resource: Resource<M>,
  from: Chosen<M>,
  actor: UserActor,
  matching: string,
): Promise<string[]> {
  const view = validQuery(resource.query, queryOf(pairsOf(matching)))
  const grant = actor.require(resource.may('read')) as unknown as Grant<M, 'read'>
  const pieces = from.every(db, actor, grant, view)
  const { value } = await pieces.next()
  const first: Row[] = value ?? []
  if (first.length >= MOST_AT_ONCE && !(await pieces.next()).done)
    throw new HttpError(422, `More than ${MOST_AT_ONCE} match: narrow the list first.`)
  return first.map(({ id }) => id)
}

/** Those that were refused, by name where the reader sees them. */
async function refusedRows<M extends Model>(
  db: Door,
  resource: Resource<M>,
  from: Chosen<M>,
  actor: UserActor,
  results: readonly Outcome[],
  frame: Frame,
) {
  const refused: readonly Outcome[] = results.filter(({ status }) => status === 'refused')
  const ids = refused.map(({ id }) => id)
  const grant = actor.find(resource.may('read')) as unknown as Grant<M, 'read'> | null
  const names: ReadonlyMap<string, string> = grant ? await from.names(db, actor, grant, ids) : new Map()
  return refused.map(({ id, reason = '' }) => ({
    id,
    title: names.get(id) ?? id,
    href: names.has(id) ? frame.path(placesOf(resource.path).one(id)) : undefined,
    reason,
  }))
}
