import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Model } from '#src/access/permission.ts'
import type { Tx } from '#src/db/database.ts'
import { BadCursor } from '#src/db/paging.ts'
import { Conflict, Invalid, invalid, Malformed } from '#src/errors.ts'
import { queryOf, validQuery } from '#src/http/input.ts'
import { pairsOf } from '#src/http/text.ts'
import { counted, type Noun } from '#src/locale/noun.ts'
import { MAX_AT_ONCE } from '#src/resource/bulk/outcome.ts'
import { requireGrant } from '#src/resource/call.ts'
import type { RecordRow, Resource } from '#src/resource/entity.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import { wordsOf } from '#src/resource/list/search.ts'
import type { Chosen, Reads } from '#src/resource/parts.ts'

/** Which records: those named, those that a list's query matches, or all. */
export type Selection = { ids: readonly string[] } | { matching: string } | { all: true }

const asList = (value: unknown) => (typeof value === 'string' ? [value] : value)
const asNumber = (value: unknown) =>
  typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : value

/** Fields that select records, in one of three ways. An empty field never means all of them. */
export const selector = {
  ids: z
    .preprocess(
      asList,
      z
        .array(z.guid('Enter the id of a record').toLowerCase())
        .min(1, 'Choose a record')
        .max(MAX_AT_ONCE, `Choose at most ${MAX_AT_ONCE} records`),
    )
    .optional()
    .meta({ description: 'The records, by ID. Send exactly one of ids, matching and all.' }),
  matching: z
    .string()
    .max(2000)
    .optional()
    .meta({
      description:
        'All records that match this search and these filters, written as in the list’s URL: ' +
        '`q=ada&status=active`. It has to narrow the list, and takes no paging.',
    }),
  all: z
    .preprocess((value) => value === 'true' || value, z.literal(true, 'Choose true, or leave this out'))
    .optional()
    .meta({ description: 'true: all records of the list, without search and filters.' }),
}

/** What the actor saw before confirming. */
export const confirmation = {
  count: z.preprocess(asNumber, z.int().min(1).max(MAX_AT_ONCE)).optional().meta({
    description: 'The number of records in the preview. Optional with ids.',
  }),
  hash: z
    .string()
    .max(100)
    .optional()
    .meta({ description: 'The hash from the preview. If other records match by now, the response is 409.' }),
}

type Sent = { ids?: readonly string[]; matching?: string; all?: true }

/** The error for an empty selection. */
export const nothingAt = (path: string) =>
  new Invalid('Nothing is selected.', { errors: [{ path, message: 'Choose a record' }] })

/** @throws {Invalid} unless exactly one way is used */
export function selectionOf({ ids, matching, all }: Sent): Selection {
  const said: Selection[] = [
    ...(ids ? [{ ids: [...new Set(ids)] }] : []),
    ...(matching === undefined ? [] : [{ matching }]),
    ...(all ? [{ all }] : []),
  ]
  if (said.length > 1) throw invalid([{ path: 'ids', message: 'Send only one of ids, matching and all' }])
  const [selection] = said
  if (!selection) throw nothingAt('ids')
  return selection
}

const PAGING = ['limit', 'after', 'before', 'offset']

/**
 * The list that a selection refers to; null if the records are named.
 * @throws {Invalid} if `matching` isn't a query of the list, or filters nothing
 */
export function listOf(resource: Resource, selection: Selection): ListView | null {
  if ('ids' in selection) return null
  if ('all' in selection) return validQuery(resource.query, {})
  const refuse = (message: string) => invalid([{ path: 'matching', message }])
  const query = queryOf(pairsOf(selection.matching))
  const paging = PAGING.filter((name) => name in query)
  if (paging.length)
    throw refuse(`Leave out ${paging.join(', ')}: this stands for every record that matches, not for a page`)
  let view: ListView
  try {
    view = validQuery(resource.query, query)
  } catch (error) {
    const known = error instanceof Malformed || error instanceof BadCursor
    throw known ? refuse(`Enter a search and filters that the list knows: ${error.message}`) : error
  }
  // blanks and punctuation aren't words, and a sort filters nothing
  if (!wordsOf(view.q).length && !Object.keys(view.filters).length)
    throw refuse('Enter a search or a filter. To mean every record, send all: true')
  return view
}

/**
 * The currently selected ids, in the order of the list.
 * @throws {Forbidden} for a list the actor can't read
 * @throws {Invalid} if there are too many
 */
export async function selectedIds<M extends Model>(
  db: Reads,
  resource: Resource<M>,
  from: Chosen<M>,
  actor: UserActor,
  selection: Selection,
): Promise<readonly string[]> {
  const view = listOf(resource, selection)
  if (!view) return (selection as { ids: readonly string[] }).ids
  const grant = requireGrant(resource, actor, 'read')
  const found: RecordRow[] = []
  for await (const rows of from.every(db, actor, grant, view)) {
    found.push(...rows)
    if (found.length > MAX_AT_ONCE)
      throw new Invalid(
        `More than ${MAX_AT_ONCE} match. You can change up to ${MAX_AT_ONCE} at a time; narrow the list.`,
      )
  }
  return found.map(({ id }) => id)
}

/** The reads of a door, within a transaction. */
export const readingIn = (tx: Tx): Reads => ({
  readAs: async (_, build) => (await tx.executeQuery(build(tx).compile())).rows,
})

/** Equal for the same records in any order. */
export const hashOf = (ids: readonly string[]) =>
  createHash('sha256').update(ids.toSorted().join()).digest('base64url')

type Confirmed = { count?: number; hash?: string }

/** Records that aren't named one by one need confirmation. @throws {Invalid} */
export function requireConfirmation(
  resource: Resource,
  selection: Selection,
  { count, hash }: Confirmed,
): void {
  listOf(resource, selection)
  const missing = Object.entries({ count, hash }).filter(([, value]) => value === undefined)
  if (!missing.length || ('ids' in selection && missing.length === 2)) return
  throw invalid(missing.map(([path]) => ({ path, message: 'Send what …/bulk/preview answers' })))
}

/** @throws {Conflict} if the selection is no longer the confirmed one */
export function requireSame(
  ids: readonly string[],
  { count = ids.length, hash }: Confirmed,
  noun: Noun,
): void {
  if (hash === undefined || (hash === hashOf(ids) && count === ids.length)) return
  const found = ids.length ? counted(ids.length, noun) : `no ${noun.many}`
  const match = ids.length === 1 ? 'matches' : 'match'
  const now =
    ids.length === count
      ? `Still ${found} ${match}, but not the same as you confirmed.`
      : `Now ${found} ${match}; you confirmed ${count}.`
  const detail = `${now} Nothing changed.`
  throw new Conflict(detail, {
    title: 'Changed meanwhile',
    type: 'selection-changed',
    errors: [{ path: 'hash', message: detail }],
  })
}

/** A list's form sends the ticked rows along with "all that match", which replaces them. */
export const chosenOnce = ({ ids, matching, all }: Parameters<typeof selectionOf>[0]) =>
  selectionOf(matching === undefined && !all ? { ids } : { matching, all })
