import type { Model } from '#src/access/permission.ts'
import type { EntityCall } from '#src/resource/call.ts'
import { type Resource, resourceOf } from '#src/resource/entity.ts'
import { namesOf, relatedIn } from '#src/resource/list/source.ts'
import type { Parts } from '#src/resource/parts.ts'
import type { Filter } from '#src/ui/toolbar.tsx'

/** A list's filters whose values are looked up: those of its parts, and those by related records. */
export async function lookedUpFilters<M extends Model, X>(
  given: EntityCall<M>,
  resource: Resource<M>,
  parts: Pick<Parts<M, X>, 'filters'>,
): Promise<Filter[]> {
  const own = await parts.filters?.(given, given.query.filters)
  return [...(own ?? []), ...(await relatedFilters(given, resource))]
}

/** The related records the list is filtered by, with names that the reader may see. */
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
