import type { Model } from '#src/access/permission.ts'
import type { EntityCall } from '#src/resource/call.ts'
import { type Resource, resourceOf } from '#src/resource/entity.ts'
import { namesOf, relatedIn } from '#src/resource/list/source.ts'
import type { Parts } from '#src/resource/parts.ts'
import type { Filter } from '#src/ui/toolbar.tsx'

/** The filters of a list whose values are looked up: those of its parts, and those by other records. */
export async function lookedUpFilters<M extends Model, X>(
  given: EntityCall<M>,
  resource: Resource<M>,
  parts: Pick<Parts<M, X>, 'filters'>,
): Promise<Filter[]> {
  const own = await parts.filters?.(given, given.query.filters)
  return [...(own ?? []), ...(await relatedFilters(given, resource))]
}

/** What the list is filtered by of other records, by their names as far as the reader sees them. */
async function relatedFilters<M extends Model>({ db, actor, query }: EntityCall<M>, resource: Resource<M>) {
  const chosen = relatedIn(resource, query).map(async ({ name, label, of, ids }): Promise<Filter> => {
    const target = resourceOf(of)
    const grant = target && actor.find(target.may('read'))
    const names = target && grant ? await namesOf(db, actor, target, grant, ids) : new Map<string, string>()
    const value = ids.join(',')
    const options = [{ value, label: [...names.values()].join(', ') || label }]
    return { name, label, value, any: `Any ${label.toLowerCase()}`, options }
  })
  return Promise.all(chosen)
}
