import type { Model } from '#src/access/permission.ts'
import { can, type Endpoint, get } from '#src/http/endpoint.ts'
import { withArticle } from '#src/locale/noun.ts'
import { pathsOf } from '#src/paths.ts'
import { entityCall } from '#src/resource/call.ts'
import type { Resource } from '#src/resource/entity.ts'
import { historyAnswer, historyOf, historyQuery } from '#src/resource/history/query.ts'
import { HistoryPanel } from '#src/resource/history/views.tsx'
import type { Parts } from '#src/resource/parts.ts'
import { readRecord } from '#src/resource/record/query.ts'
import { mayHere } from '#src/resource/record/routes.tsx'
import { recordFrame } from '#src/resource/record/views.tsx'

/** `GET /<path>/:id/history`: who changed what, for anyone who may read the record, deleted ones included. */
export function historyRoute<M extends Model>(
  resource: Resource<M>,
  parts: Pick<Parts<M>, 'tabs'>,
): Endpoint {
  const places = pathsOf(resource.path)
  const options = {
    query: historyQuery,
    answer: historyAnswer,
    summary: `Get the history of ${withArticle(resource.declared.one)}`,
  }
  return get(places.history(':id'), can(resource.may('read')), options, async (call) => {
    const { db, actor, id, query } = call
    const found = await readRecord(db, resource, actor, entityCall<M>(call).grant, id())
    const history = await historyOf(db, actor, resource, found.id, query.before)
    return {
      json: history,
      screen: (frame) => {
        const row = found.row()
        const here = places.history(found.id)
        const newest = query.before ? frame.path(here) : null
        const more = history.next ? frame.path(`${here}?before=${history.next}`) : null
        return recordFrame({
          resource,
          row,
          may: mayHere(parts, found, row),
          frame,
          here,
          tabs: parts.tabs?.(row, actor),
          children: HistoryPanel({ resource, entries: history.data, clock: frame.clock, more, newest }),
        })
      },
    }
  })
}
