import type { UserActor } from '#src/access/actor.ts'
import type { Model } from '#src/access/permission.ts'
import type { Call } from '#src/http/endpoint.ts'
import { listOf, nothingAt, type Selection, selectedIds } from '#src/resource/bulk/selection.ts'
import { type EntityCall, entityCall, findGrant, mayOf } from '#src/resource/call.ts'
import type { Resource } from '#src/resource/entity.ts'
import { limitsInWords } from '#src/resource/list/filters-in-words.ts'
import { lookedUpFilters } from '#src/resource/list/looked-up-filters.ts'
import type { Bulk, Chosen, Parts } from '#src/resource/parts.ts'

/** The records a bulk action would apply to, and its consequences. */
export type Preview = {
  ids: readonly string[]
  /** Names of the first ones that the reader may see. */
  names: readonly string[]
  consequence: string | null
  /** The list's filters in words; null if the records were named one by one. */
  limits: string | null
  choices: readonly { value: string; label: string }[]
}

const NAMED = 5

/** @throws {Invalid} if nothing is selected */
export async function previewOf<M extends Model>(
  call: Pick<Call, 'db'> & { actor: UserActor },
  resource: Resource<M>,
  parts: Pick<Parts<M>, 'filters'>,
  from: Chosen<M>,
  bulk: Bulk,
  selection: Selection,
): Promise<Preview> {
  const { db, actor } = call
  const grant = actor.require(resource.may(bulk.needs))
  const ids = await selectedIds(db, resource, from, actor, selection)
  if (!ids.length) throw nothingAt(Object.keys(selection)[0] ?? 'ids')
  const first = ids.slice(0, NAMED)
  const reading = findGrant(resource, actor, 'read')
  const [names, impact, limits, choices] = await Promise.all([
    reading ? from.names(db, actor, reading, first) : new Map<string, string>(),
    bulk.impact?.(db, actor, grant as never, ids) ?? null,
    limitsOf(entityCall<M>({ ...call, grant: reading }), resource, parts, selection),
    bulk.prompt?.options(db, actor) ?? [],
  ])
  return {
    ids,
    names: first.flatMap((id) => names.get(id) ?? []),
    consequence: [impact, bulk.confirm].filter(Boolean).join(' ') || null,
    limits,
    choices,
  }
}

async function limitsOf<M extends Model>(
  given: EntityCall<M>,
  resource: Resource<M>,
  parts: Pick<Parts<M>, 'filters'>,
  selection: Selection,
): Promise<string | null> {
  const query = listOf(resource, selection)
  if (!query) return null
  const filters = await lookedUpFilters({ ...given, query }, resource, parts)
  return limitsInWords(resource, query, mayOf(resource, given.actor), filters)
}
