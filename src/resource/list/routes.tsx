import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Model } from '#src/access/permission.ts'
import { can, type Endpoint, get } from '#src/http/endpoint.ts'
import { pathsOf } from '#src/paths.ts'
import { type Given, mayOf } from '#src/resource/call.ts'
import type { Resource, Row } from '#src/resource/entity.ts'
import { csvOf, exported } from '#src/resource/export.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import { countable, facetsAnswer, facetsOf } from '#src/resource/list/facets.ts'
import { lookedUpFilters } from '#src/resource/list/looked-up-filters.ts'
import { pageJson, pageLinks, searchOf } from '#src/resource/list/page.ts'
import { everyRow, list } from '#src/resource/list/query.ts'
import { sourceOf } from '#src/resource/list/source.ts'
import { listScreen } from '#src/resource/list/views.tsx'
import type { Bulk, Parts } from '#src/resource/parts.ts'

/** The answer of a list: its records, and the page. */
export const pageAnswer = (record: z.ZodType) =>
  z.strictObject({
    data: z.array(record),
    page: z.strictObject({
      limit: z.int(),
      next: z.string().nullable(),
      previous: z.string().nullable(),
      total: z.int(),
      total_is_lower_bound: z.boolean(),
    }),
  })

/** `GET /<path>`: the list, as page, JSON and file; with what is done to many of its records. */
export function listRoute<M extends Model, X>(
  resource: Resource<M>,
  parts: Parts<M, X>,
  bulk: Readonly<Record<string, Bulk>>,
): Endpoint {
  const { path } = resource
  const source = ({ actor, grant, query }: Given<M>) => sourceOf(resource, grant, query, actor)
  const options = {
    query: resource.query,
    answer: pageAnswer(resource.record),
    summary: `List ${resource.declared.many}`,
    csv: (call: unknown) => {
      const given = call as Given<M>
      const { db, actor, query: view } = given
      const rows = everyRow<Row>(db, actor, view, source(given))
      const taken = { db, actor, model: resource.model.name, view }
      return { name: path.slice(1), ...exported(taken, rows, (pieces) => csvOf(resource, pieces)) }
    },
  }
  return get(path, can(resource.may('read')), options, async (call) => {
    const given = call as unknown as Given<M>
    const { c, db, actor, grant, query } = given
    const found = await list<Row>(db, actor, query, source(given))
    const may = mayOf(resource, actor)
    return {
      json: pageJson(found),
      headers: pageLinks(c, found),
      screen: async (frame) =>
        listScreen({
          resource,
          found,
          view: query,
          all: grant.all,
          at: searchOf(c),
          may,
          frame,
          columns: parts.columns?.({ actor, frame, may }),
          filters: await lookedUpFilters(given, resource, parts),
          tabs: parts.listTabs?.({ actor, frame, may }),
          actions: parts.listHead?.({ actor, frame, may }),
          bulk: bulkOffered(resource, bulk, actor, query),
          imports: !parts.without?.includes('import'),
        }),
    }
  })
}

/** The actions on many records that the reader may take where they are: with what is there, or what is deleted. */
function bulkOffered<M extends Model>(
  resource: Resource<M>,
  all: Readonly<Record<string, Bulk>>,
  actor: UserActor,
  { filters }: ListView,
) {
  const deleted = Boolean(filters.deleted)
  return Object.entries(all).flatMap(([action, bulk]) =>
    actor.can(resource.may(bulk.needs)) && (bulk.deleted ?? false) === deleted ? [{ ...bulk, action }] : [],
  )
}

/** `GET /<path>/facets`: how many rows each value of the list's filters has. */
export function facetsRoute<M extends Model>(resource: Resource<M>): Endpoint[] {
  if (!countable(resource).length) return []
  const options = {
    only: 'json' as const,
    query: resource.query,
    answer: facetsAnswer,
    summary: `Count ${resource.declared.many} by their filters`,
  }
  const path = pathsOf(resource.path).facets
  return [
    get(path, can(resource.may('read')), options, async (call) => {
      const { db, actor, grant, query } = call as unknown as Given<M>
      return { json: { data: await facetsOf(db, resource, actor, grant, query) } }
    }),
  ]
}
