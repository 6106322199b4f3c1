import type { Model } from '#src/access/permission.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { bulkOf } from '#src/resource/bulk/actions.ts'
import { bulkRoutes } from '#src/resource/bulk/routes.tsx'
import type { Resource } from '#src/resource/entity.ts'
import { importRoutes } from '#src/resource/import/routes.tsx'
import { facetsRoute } from '#src/resource/list/facets-routes.ts'
import { drawAgain, listRoute } from '#src/resource/list/routes.tsx'
import type { Parts } from '#src/resource/parts.ts'
import { createRoutes, updateRoutes } from '#src/resource/record/form-routes.tsx'
import { historyRoute } from '#src/resource/record/history-route.tsx'
import { removeRoutes } from '#src/resource/record/removal-routes.tsx'
import { readRoute } from '#src/resource/record/routes.tsx'
import { optionsRoute } from '#src/resource/references/route.ts'

/**
 * All endpoints of an entity: list, record, form, writes, bulk actions, files and history, each as page and JSON.
 * Given parts replace the kernel's own.
 */
export function resourceRoutes<M extends Model, X = undefined>(
  resource: Resource<M>,
  parts: Parts<M, X> = {},
): Endpoint[] {
  const has = (part: NonNullable<typeof parts.without>[number]) => !parts.without?.includes(part)
  const bulk = has('bulk') ? bulkOf(resource, parts) : {}
  return [
    ...(has('list') ? [listRoute(resource, parts, bulk)] : []),
    ...facetsRoute(resource),
    ...(resource.declared.searched ? [optionsRoute(resource)] : []),
    ...(has('create') ? createRoutes(resource, parts) : []),
    ...(has('bulk') ? bulkRoutes(resource, parts, drawAgain(resource, parts, bulk)) : []),
    ...(has('import') && has('create') ? importRoutes(resource, parts) : []),
    ...(has('read') ? [readRoute(resource, parts)] : []),
    ...(has('update') ? updateRoutes(resource, parts) : []),
    ...(has('delete') ? removeRoutes(resource, parts) : []),
    ...(has('history') ? [historyRoute(resource, parts)] : []),
  ]
}
