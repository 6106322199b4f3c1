import type { Model } from '#src/access/permission.ts'
import { can, type Endpoint, get } from '#src/http/endpoint.ts'
import { withArticle } from '#src/locale/noun.ts'
import { pathsOf } from '#src/paths.ts'
import { entityCall, mayOf } from '#src/resource/call.ts'
import type { RecordRow, Resource } from '#src/resource/entity.ts'
import { searchBefore } from '#src/resource/list/page.ts'
import type { Parts } from '#src/resource/parts.ts'
import { type FoundRecord, readRecord } from '#src/resource/record/query.ts'
import { recordScreen } from '#src/resource/record/views.tsx'

/** `GET /<path>/:id`: the record. */
export function readRoute<M extends Model, X>(resource: Resource<M>, parts: Parts<M, X>): Endpoint {
  const options = { answer: resource.record, summary: `Get ${withArticle(resource.declared.one)}` }
  const path = pathsOf(resource.path).one(':id')
  return get(path, can(resource.may('read')), options, async (call) => {
    const { db, actor, grant, id } = entityCall<M>(call)
    const found = await readRecord(db, resource, actor, grant, id())
    return {
      json: found.json,
      etag: found.version,
      screen: async (frame) => {
        const row = found.row()
        const extra = (await parts.load?.(entityCall<M>(call), found)) as X
        const withheld = parts.withheld?.(extra)
        const may = withheld ? { update: false, delete: false } : mayHere(parts, found, row)
        const seen = { actor, frame, may: mayOf(resource, actor), record: may, extra }
        return recordScreen({
          resource,
          row,
          may,
          frame,
          back: searchBefore(call.c, frame.path(resource.path)),
          panels: parts.panels?.(row, seen),
          actions: parts.head?.(row, seen),
          tabs: parts.tabs?.(row, actor),
        })
      },
    }
  })
}

/** Which of the entity's actions may be done to this record. */
export const mayHere = <M extends Model, X>(
  { without = [], undeletable, readOnly }: Parts<M, X>,
  found: FoundRecord,
  row: RecordRow,
) => ({
  update: found.update && !without.includes('update') && !readOnly?.(row),
  delete: found.delete && !without.includes('delete') && !undeletable?.(row),
})
