import type { Model } from '#src/access/permission.ts'
import { can, type Endpoint, get } from '#src/http/endpoint.ts'
import { pathsOf } from '#src/paths.ts'
import { entityCall } from '#src/resource/call.ts'
import type { Resource } from '#src/resource/entity.ts'
import { countable, facetsAnswer, facetsOf } from '#src/resource/list/facets.ts'

/** `GET /<path>/facets`: how many rows each value of the list's filters has. */
export function facetsRoute<M extends Model>(resource: Resource<M>): Endpoint[] {
  if (!countable(resource).length) return []
  const options = {
    only: 'json' as const,
    query: resource.query,
    answer: facetsAnswer,
    summary: `Count ${resource.declared.many} for each filter value`,
  }
  const path = pathsOf(resource.path).facets
  return [
    get(path, can(resource.may('read')), options, async (call) => {
      const { db, actor, grant, query } = entityCall<M>(call)
      return { json: { data: await facetsOf(db, resource, actor, grant, query) } }
    }),
  ]
}
