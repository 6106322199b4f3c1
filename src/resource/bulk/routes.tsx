import type { Model } from '#src/access/permission.ts'
import { authenticated, type Endpoint, post, type Refusal } from '#src/http/endpoint.ts'
import { listAgain, paths, pathsOf } from '#src/paths.ts'
import { bulkOf } from '#src/resource/bulk/actions.ts'
import { chooseIn } from '#src/resource/bulk/choosing.ts'
import { answer, askedOf, previewed, requireArguments, texts } from '#src/resource/bulk/model.ts'
import { eachOf } from '#src/resource/bulk/outcome.ts'
import { previewOf } from '#src/resource/bulk/preview.ts'
import { type Acting, inTable, nameOfChosen, refusedRows } from '#src/resource/bulk/queries.ts'
import {
  chosenOnce,
  confirmation,
  hashOf,
  readingIn,
  requireConfirmation,
  requireSame,
  type Selection,
  selectedIds,
  selectionOf,
} from '#src/resource/bulk/selection.ts'
import { confirmScreen, fared, outcomeScreen, refusedScreen } from '#src/resource/bulk/views.tsx'
import type { Resource } from '#src/resource/entity.ts'
import type { Again } from '#src/resource/list/views.tsx'
import type { Bulk, Parts } from '#src/resource/parts.ts'
import type { Frame } from '#src/ui/frame.ts'

/**
 * Actions on up to 1,000 records, with an outcome for each. `POST /<path>/bulk/preview` returns the records' number and
 * names and the consequences; `POST /<path>/bulk` applies the action.
 */
export function bulkRoutes<M extends Model>(
  resource: Resource<M>,
  parts: Pick<Parts<M>, 'actions' | 'bulk' | 'chosen' | 'filters' | 'impact' | 'without'>,
  again: Again<M>,
): Endpoint[] {
  const from = parts.chosen ?? inTable(resource)
  const all = bulkOf(resource, parts)
  const asked = askedOf(all)
  const body = asked.extend(confirmation)
  const places = pathsOf(resource.path)
  const { many } = resource.declared

  /** The confirmation page for the current selection. */
  const asking = async (call: Acting, action: string, selection: Selection, refusal?: Refusal) => {
    const bulk = all[action] as Bulk
    const preview = await previewOf(call, resource, parts, from, bulk, selection)
    const shown = { bulk, action, selection, preview, back: call.rawBody.back }
    return { preview, screen: (frame: Frame) => confirmScreen(resource, shown, frame, refusal) }
  }
  const said = (call: Acting, refusal: Refusal) => (frame: Frame) =>
    refusedScreen(resource, refusal, call.rawBody.back, frame)
  /** The list, to choose there; only a message if the actor can't read it. */
  const choose = async (call: Acting, refusal: Refusal) => {
    const list = async () => chooseIn(resource, again, call, refusal)
    return list().catch(() => said(call, refusal))
  }
  /** The confirmation page again; only a message if nothing is selected. */
  const refused = async (call: Acting, refusal: Refusal) => {
    const once = async () => {
      const { action, ...which } = body.parse(call.rawBody)
      return (await asking(call, action, chosenOnce(which), refusal)).screen
    }
    return once().catch(() => said(call, refusal))
  }

  return [
    post(
      places.bulkPreview,
      authenticated,
      { body: asked, refused: choose, answer: previewed, summary: `Preview a bulk action on ${many}` },
      async (call) => {
        const { preview, screen } = await asking(call, call.body.action, chosenOnce(call.body))
        const { ids, names, consequence } = preview
        return { json: { count: ids.length, hash: hashOf(ids), names, consequence }, screen }
      },
    ),

    post(
      places.bulk,
      authenticated,
      { body, refused, answer, otherStatuses: [409], summary: `Apply a bulk action to ${many}` },
      async (call) => {
        const { db, actor } = call
        const { action, ids, matching, all: every, count, hash, back, ...given } = call.body
        const bulk = all[action] as Bulk
        requireArguments(bulk, given)
        const grant = actor.require(resource.may(bulk.needs))
        const selection = selectionOf({ ids, matching, all: every })
        requireConfirmation(resource, selection, { count, hash })
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
        const chosenName = await nameOfChosen(call, bulk, given)
        const lines = fared(resource.declared, bulk, result, chosenName)
        if (!result.refused) {
          const location = actor.can(resource.may('read')) ? listAgain(resource.path, back) : paths.home
          return { json: result, location, notice: lines.join(', ') }
        }
        return {
          json: result,
          screen: async (frame: Frame) => {
            const rows = await refusedRows(db, resource, from, actor, result.results, frame)
            const fields = { action, ...texts({ ...given, back }) }
            const count = result.results.length
            return outcomeScreen(resource, bulk, { count, fared: lines, refused: rows, fields, back }, frame)
          },
        }
      },
    ),
  ]
}
