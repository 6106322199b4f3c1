import type { Model } from '#src/access/permission.ts'
import { pathsOf } from '#src/paths.ts'
import type { Given } from '#src/resource/call.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { Written } from '#src/resource/record/write.ts'

/**
 * A record that was written, and where a page goes on to: to `otherwise` with those who can't read it.
 * @param already what is said where it was so before
 */
export function saved<M extends Model>(
  { request }: Pick<Given<M>, 'request'>,
  resource: Resource<M>,
  { id, json, version, readable, unchanged }: Written,
  notice: string,
  otherwise: string,
  already = 'Nothing changed',
) {
  const location = readable || request.via === 'api' ? pathsOf(resource.path).one(id) : otherwise
  return { json, etag: version, location, notice: unchanged ? already : notice }
}
