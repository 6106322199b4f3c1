import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model } from '#src/access/permission.ts'
import type { Door } from '#src/db/database.ts'
import { type Call, type Endpoint, known, post, type Refusal } from '#src/http/endpoint.ts'
import { invalid } from '#src/http/errors.ts'
import { missing, UNKNOWN_FIELD } from '#src/locale/instructions.ts'
import { listAgain, paths, pathsOf } from '#src/paths.ts'
import { bulkOf } from '#src/resource/bulk/actions.ts'
import { eachOf, type Outcome } from '#src/resource/bulk/outcome.ts'
import { previewOf } from '#src/resource/bulk/preview.ts'
import {
  confirmation,
  hashOf,
  readingIn,
  requireConfirmation,
  requireSame,
  type Selection,
  selectedIds,
  selectionOf,
  selector,
} from '#src/resource/bulk/selection.ts'
import { confirmScreen, fared, outcomeScreen, refusedScreen } from '#src/resource/bulk/views.tsx'
import type { Resource } from '#src/resource/entity.ts'
import { everyRow } from '#src/resource/list/query.ts'
import { namesOf, sourceOf } from '#src/resource/list/source.ts'
import type { Bulk, Chosen, Parts } from '#src/resource/parts.ts'
import type { Frame } from '#src/ui/frame.ts'

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
const previewed = z
  .strictObject({
    count: z.int(),
    hash: z.string(),
    names: z.array(z.string()),
    consequence: z.string().nullable(),
  })
  .meta({ id: 'bulk_preview' })

type Acting = Pick<Call, 'db' | 'sent'> & { actor: UserActor }

/** What has to be chosen for some of the actions. An empty choice of a form is none, which the action refuses. */
function argumentsOf(all: Readonly<Record<string, Bulk>>) {
  const asking = Object.entries(all).flatMap(([action, { asks }]) =>
    asks ? [{ action, name: asks.name }] : [],
  )
  const names = [...new Set(asking.map(({ name }) => name))]
  const argument = (name: string) => {
    const actions = asking.filter((one) => one.name === name).map(({ action }) => action)
    return z
      .union([z.guid().toLowerCase(), z.literal('')])
      .optional()
      .meta({ description: `Required for ${actions.join(' and ')}.` })
  }
  return Object.fromEntries(names.map((name) => [name, argument(name)]))
}

/**
 * The same for up to 1,000 records, with an answer for each. `POST /<path>/bulk/preview` says to how many and which, and
 * what it would bring about; `POST /<path>/bulk` does it.
 */
export function bulkRoutes<M extends Model>(
  resource: Resource<M>,
  parts: Pick<Parts<M>, 'actions' | 'bulk' | 'chosen' | 'filters' | 'impact' | 'without'>,
): Endpoint[] {
  const from = parts.chosen ?? inTable(resource)
  const all = bulkOf(resource, parts)
  const names = Object.keys(all) as [string, ...string[]]
  const asked = z.strictObject({
    action: z.enum(names),
    ...selector,
    ...argumentsOf(all),
    back: z
      .string()
      .max(2000)
      .optional()
      .meta({ description: 'The list’s query, for a page to go back to.' }),
  })
  const body = asked.extend(confirmation)
  const places = pathsOf(resource.path)
  const { many } = resource.declared

  /** The question, of what is selected by now. */
  const asking = async (call: Acting, action: string, selection: Selection, refusal?: Refusal) => {
    const bulk = all[action] as Bulk
    const preview = await previewOf(call, resource, parts, from, bulk, selection)
    const shown = { bulk, action, selection, preview, back: call.sent.back }
    return { preview, screen: (frame: Frame) => confirmScreen(resource, shown, frame, refusal) }
  }
  /** Asked once more; where nothing is selected, it is only said. */
  const refused = async (call: Acting, refusal: Refusal) => {
    const again = async () => {
      const { action, ...which } = body.parse(call.sent)
      return (await asking(call, action, oneOf(which), refusal)).screen
    }
    return again().catch(() => (frame: Frame) => refusedScreen(resource, refusal, call.sent.back, frame))
  }

  return [
    post(
      places.bulkPreview,
      known,
      { body: asked, refused, answer: previewed, summary: `Say to which ${many} something would be done` },
      async (call) => {
        const { preview, screen } = await asking(call, call.body.action, oneOf(call.body))
        const { ids, names, consequence } = preview
        return { json: { count: ids.length, hash: hashOf(ids), names, consequence }, screen }
      },
    ),

    post(
      places.bulk,
      known,
      { body, refused, answer, also: [409], summary: `Do the same to many ${many}` },
      async (call) => {
        const { db, actor } = call
        const { action, ids, matching, all: every, count, hash, back, ...given } = call.body
        const bulk = all[action] as Bulk
        refuseOthers(bulk, given)
        const grant = actor.require(resource.may(bulk.needs))
        const selection = selectionOf({ ids, matching, all: every })
        requireConfirmation(resource, selection, { count, hash })
        if (bulk.asks && !z.guid().safeParse((given as Record<string, unknown>)[bulk.asks.name]).success)
          throw invalid([{ path: bulk.asks.name, message: missing([bulk.asks.name]) }])
        const chosen = async (tx: Parameters<typeof readingIn>[0]) => {
          const found = await selectedIds(readingIn(tx), resource, from, actor, selection)
          requireSame(found, { count, hash }, resource.declared)
          return found
        }
        const result = await eachOf(
          db,
          actor,
          chosen,
          { path: places.bulk, model: resource.model.name },
          (tx, id) => bulk.one(tx, actor, grant as never, id, given),
        )
        if (!result.refused) {
          const location = actor.can(resource.may('read')) ? listAgain(resource.path, back) : paths.home
          return { json: result, location, notice: fared(resource.declared, bulk, result).join(', ') }
        }
        return {
          json: result,
          screen: async (frame: Frame) => {
            const rows = await refusedRows(db, resource, from, actor, result.results, frame)
            const fields = { action, ...texts({ ...given, back }) }
            const lines = fared(resource.declared, bulk, result)
            return outcomeScreen(resource, bulk, { fared: lines, refused: rows, fields, back }, frame)
          },
        }
      },
    ),
  ]
}

/** What another action asks for would be left out without a word. @throws {HttpError} 422 */
function refuseOthers({ asks }: Bulk, given: Readonly<Record<string, unknown>>): void {
  const others = Object.keys(given).filter((name) => given[name] && name !== asks?.name)
  if (others.length) throw invalid(others.map((path) => ({ path, message: UNKNOWN_FIELD })))
}

/** A list's form sends the ticked rows, too, where all that match stand in their place. */
const oneOf = ({ ids, matching, all }: Parameters<typeof selectionOf>[0]) =>
  selectionOf(matching === undefined && !all ? { ids } : { matching, all })

const texts = (given: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(given).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )

const inTable = <M extends Model>(resource: Resource<M>): Chosen<M> => ({
  every: (db, actor, grant, view) => everyRow(db, actor, view, sourceOf(resource, grant, view, actor)),
  names: (db, actor, grant, ids) => namesOf(db, actor, resource, grant, ids),
})

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
    href: names.has(id) ? frame.path(pathsOf(resource.path).one(id)) : undefined,
    reason,
  }))
}
