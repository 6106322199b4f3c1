import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Model } from '#src/access/permission.ts'
import type { Page } from '#src/db/paging.ts'
import { can, type Draw, type Endpoint, get } from '#src/http/endpoint.ts'
import { type EntityCall, entityCall, mayOf } from '#src/resource/call.ts'
import type { RecordRow, Resource } from '#src/resource/entity.ts'
import { csvOf, exported } from '#src/resource/export.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import { lookedUpFilters } from '#src/resource/list/looked-up-filters.ts'
import { pageJson, pageLinks, searchOf } from '#src/resource/list/page.ts'
import { everyRow, list } from '#src/resource/list/query.ts'
import { sourceOf } from '#src/resource/list/source.ts'
import { type Again, type Choosing, listScreen } from '#src/resource/list/views.tsx'
import type { Bulk, Parts } from '#src/resource/parts.ts'

/** Schema of a list: its records, and the page. */
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

type Offered = Readonly<Record<string, Bulk>>

/** `GET /<path>`: the list as page, JSON and file, with its bulk actions. */
export function listRoute<M extends Model, X>(
  resource: Resource<M>,
  parts: Parts<M, X>,
  bulk: Offered,
): Endpoint {
  const { path } = resource
  const options = {
    query: resource.query,
    answer: pageAnswer(resource.record),
    summary: `List ${resource.declared.many}`,
    csv: (call: unknown) => {
      const given = call as EntityCall<M>
      const { db, actor, query: view } = given
      const rows = everyRow<RecordRow>(db, actor, view, sourceIn(resource, given))
      const taken = { db, actor, model: resource.model.name, view }
      return { name: path.slice(1), ...exported(taken, rows, (pieces) => csvOf(resource, pieces)) }
    },
  }
  return get(path, can(resource.may('read')), options, async (call) => {
    const given = entityCall<M>(call)
    const found = await foundIn(resource, given)
    return {
      json: pageJson(found),
      headers: pageLinks(given.c, found),
      screen: drawn(resource, parts, bulk, given, { found, at: searchOf(given.c) }),
    }
  })
}

/** The list as it was left, to choose a bulk action. */
export const drawAgain =
  <M extends Model, X>(resource: Resource<M>, parts: Parts<M, X>, bulk: Offered): Again<M> =>
  async (given, at, choosing) =>
    drawn(resource, parts, bulk, given, { found: await foundIn(resource, given), at, choosing })

const sourceIn = <M extends Model>(resource: Resource<M>, { actor, grant, query }: EntityCall<M>) =>
  sourceOf(resource, grant, query, actor)

const foundIn = <M extends Model>(resource: Resource<M>, given: EntityCall<M>) =>
  list<RecordRow>(given.db, given.actor, given.query, sourceIn(resource, given))

type Shown = { found: Page<RecordRow>; at: string; choosing?: Choosing }

function drawn<M extends Model, X>(
  resource: Resource<M>,
  parts: Parts<M, X>,
  bulk: Offered,
  given: EntityCall<M>,
  shown: Shown,
): Draw {
  const { actor, grant, query } = given
  const may = mayOf(resource, actor)
  return async (frame) =>
    listScreen({
      ...shown,
      resource,
      view: query,
      all: grant.all,
      may,
      frame,
      columns: parts.columns?.({ actor, frame, may }),
      filters: await lookedUpFilters(given, resource, parts),
      tabs: parts.listTabs?.({ actor, frame, may }),
      actions: parts.listHead?.({ actor, frame, may }),
      bulk: bulkOffered(resource, bulk, actor, query),
      imports: !parts.without?.includes('import'),
    })
}

/** The bulk actions the reader may take here: on existing records, or on deleted ones. */
function bulkOffered<M extends Model>(
  resource: Resource<M>,
  all: Offered,
  actor: UserActor,
  { filters }: ListView,
) {
  const deleted = Boolean(filters.deleted)
  return Object.entries(all).flatMap(([action, bulk]) =>
    actor.can(resource.may(bulk.needs)) && (bulk.deleted ?? false) === deleted ? [{ ...bulk, action }] : [],
  )
}
