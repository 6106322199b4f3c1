import type { Model } from '#src/access/permission.ts'
import { can, type Endpoint, get } from '#src/http/endpoint.ts'
import { pathsOf } from '#src/paths.ts'
import { entityCall } from '#src/resource/call.ts'
import type { Resource } from '#src/resource/entity.ts'
import { pageJson, pageLinks } from '#src/resource/list/page.ts'
import { pageAnswer } from '#src/resource/list/routes.tsx'
import { narrowedBy, option, optionsOf, optionsQuery } from '#src/resource/references/options.ts'

/** `GET /<path>/options`: results for a search field. */
export function optionsRoute<M extends Model>(resource: Resource<M>): Endpoint {
  const options = {
    only: 'json' as const,
    query: optionsQuery(resource),
    answer: pageAnswer(option),
    summary: `List ${resource.declared.many} by name, to choose from`,
  }
  return get(pathsOf(resource.path).options, can(resource.may('read')), options, async (call) => {
    const { c, db, actor, grant, query } = entityCall<M>(call)
    const narrowed = await narrowedBy(db, actor, resource, query)
    const found = await optionsOf(db, actor, resource, grant, query, narrowed)
    return { json: pageJson(found), headers: pageLinks(c, found) }
  })
}
