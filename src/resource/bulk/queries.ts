import type { UserActor } from '#src/access/actor.ts'
import type { Model } from '#src/access/permission.ts'
import type { Door } from '#src/db/database.ts'
import type { Call } from '#src/http/endpoint.ts'
import { pathsOf } from '#src/paths.ts'
import type { Outcome } from '#src/resource/bulk/outcome.ts'
import { findGrant } from '#src/resource/call.ts'
import type { Resource } from '#src/resource/entity.ts'
import { everyRow } from '#src/resource/list/query.ts'
import { namesOf, sourceOf } from '#src/resource/list/source.ts'
import type { Bulk, Chosen } from '#src/resource/parts.ts'
import type { Frame } from '#src/ui/frame.ts'

export type Acting = Pick<Call, 'db' | 'rawBody'> & { actor: UserActor }

/** The name of what was chosen, for the message about the result. */
export async function nameOfChosen(
  { db, actor, request }: Acting & Pick<Call, 'request'>,
  { prompt }: Bulk,
  given: Readonly<Record<string, unknown>>,
): Promise<string> {
  if (!prompt || request.via === 'api') return ''
  const options = await prompt.options(db, actor)
  return options.find(({ value }) => value === given[prompt.name])?.label ?? ''
}

export const inTable = <M extends Model>(resource: Resource<M>): Chosen<M> => ({
  every: (db, actor, grant, view) => everyRow(db, actor, view, sourceOf(resource, grant, view, actor)),
  names: (db, actor, grant, ids) => namesOf(db, actor, resource, grant, ids),
})

/** The refused records, by name if the reader may see them. */
export async function refusedRows<M extends Model>(
  db: Door,
  resource: Resource<M>,
  from: Chosen<M>,
  actor: UserActor,
  results: readonly Outcome[],
  frame: Frame,
) {
  const refused: readonly Outcome[] = results.filter(({ status }) => status === 'refused')
  const ids = refused.map(({ id }) => id)
  const grant = findGrant(resource, actor, 'read')
  const names: ReadonlyMap<string, string> = grant ? await from.names(db, actor, grant, ids) : new Map()
  return refused.map(({ id, reason = '' }) => ({
    id,
    title: names.get(id) ?? id,
    href: names.has(id) ? frame.path(pathsOf(resource.path).one(id)) : undefined,
    reason,
  }))
}
