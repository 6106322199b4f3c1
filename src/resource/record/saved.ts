import type { Model } from '#src/access/permission.ts'
import { pathsOf } from '#src/paths.ts'
import type { EntityCall } from '#src/resource/call.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { SavedRecord } from '#src/resource/record/write.ts'

/**
 * The answer after a write. Pages go to the record, or to `otherwise` if the writer can't read it.
 * @param already the notice if nothing changed
 */
export function saved<M extends Model>(
  { request }: Pick<EntityCall<M>, 'request'>,
  resource: Resource<M>,
  { id, json, version, readable, unchanged }: SavedRecord,
  notice: string,
  otherwise: string,
  already = 'Nothing changed',
) {
  const location = readable || request.via === 'api' ? pathsOf(resource.path).one(id) : otherwise
  return { json, etag: version, location, notice: unchanged ? already : notice }
}
