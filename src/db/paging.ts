import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { Malformed } from '#src/errors.ts'

/** Where a page begins: the sort column and the tie-breaker, as text from the database. */
export type Cursor = { key: string; id: string }

/** The unique column that breaks ties in the sort column. */
export type Tie = 'id' | 'seq'

/** A row as a list's statement returns it: its JSON, and what a cursor needs. */
export type PageRow = { json: string; key: string; id: string; total: number }

/** Counting stops here: past it a list shows "more than". */
export const COUNT_CAP = 10_000

/** The cursor in the URL doesn't come from a list with this sort. */
export class BadCursor extends Malformed {}

export const encodeCursor = (sort: string, { key, id }: Cursor) =>
  Buffer.from(JSON.stringify([sort, key, id])).toString('base64url')

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const INSTANT = /^((?!0000)\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,6})?\+00$/

/** Types of sortable columns. */
export type KeyType = 'text' | 'timestamptz' | 'date' | 'integer' | 'bigint' | 'numeric' | 'boolean'

/** Whether a text is an existing date and time in the database's format. */
function isInstant(text: string): boolean {
  const [, day, time] = INSTANT.exec(text) ?? []
  const at = new Date(`${day}T${time}Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(`${day}T${time}`)
}

const isWhole = (text: string, bits: number) =>
  /^(0|-?[1-9]\d{0,18})$/.test(text) && BigInt.asIntN(bits, BigInt(text)) === BigInt(text)

/** Whether a text is a value of the type in the database's format. */
const isKey: Record<KeyType, (text: string) => boolean> = {
  text: (text) => !text.includes('\0') && text.isWellFormed(),
  timestamptz: isInstant,
  date: (text) => isInstant(`${text} 00:00:00+00`),
  integer: (text) => isWhole(text, 32),
  bigint: (text) => isWhole(text, 64),
  numeric: (text) => /^-?\d{1,100}(\.\d{1,100})?$/.test(text),
  boolean: (text) => text === 'true' || text === 'false',
}

const isTie: Record<Tie, (text: string) => boolean> = {
  id: (text) => UUID.test(text),
  seq: isKey.bigint,
}

/**
 * @param type of the sort column
 * @throws {BadCursor} for anything that doesn't come from a list with this sort
 */
export function decodeCursor(text: string, sort: string, type: KeyType, tie: Tie = 'id'): Cursor {
  try {
    const [of, key, id] = JSON.parse(Buffer.from(text, 'base64url').toString())
    const texts = typeof key === 'string' && typeof id === 'string'
    if (of === sort && texts && isKey[type](key) && isTie[tie](id)) return { key, id }
  } catch {}
  throw new BadCursor('This place in the list is unknown; start at the first page.')
}

type Place = {
  column: string
  type: KeyType
  tie: Tie
  descending: boolean
  after: Cursor | null
  before: Cursor | null
}

const tieTypes: Record<Tie, string> = { id: 'uuid', seq: 'bigint' }

/** `(column, id)` beyond the cursor, as one row comparison that the list's index serves. */
export function beyond(
  table: string,
  { column, type, tie, descending, after, before }: Place,
): RawBuilder<SqlBool> {
  const cursor = after ?? before
  if (!cursor) return sql<SqlBool>`true`
  const sign = sql.raw((after !== null) === descending ? '<' : '>')
  return sql<SqlBool>`(${sql.ref(`${table}.${column}`)}, ${sql.ref(`${table}.${tie}`)}) ${sign} (${cursor.key}::${sql.raw(type)}, ${cursor.id}::${sql.raw(tieTypes[tie])})`
}

export type Page<Row> = {
  /** The rows as JSON, built by the database. */
  json: string[]
  rows(): Row[]
  limit: number
  next: string | null
  previous: string | null
  /** Exact, or a lower bound if `capped`. */
  total: number
  capped: boolean
}

/**
 * Cuts the page out of up to `limit + 1` rows; rows before a cursor come in reverse.
 * @param sort as in the URL, stored in the cursors
 */
export function page<Row>(
  found: PageRow[],
  {
    sort,
    limit,
    after,
    before,
    offset,
  }: { sort: string; limit: number; after: unknown; before: unknown; offset: number },
  total: number,
): Page<Row> {
  const more = found.length > limit
  const rows = more ? found.slice(0, limit) : found
  const backwards = before !== null && after === null
  if (backwards) rows.reverse()
  const first = rows[0]
  const last = rows[rows.length - 1]
  const hasNext = backwards ? true : more
  const hasPrevious = backwards ? more : after !== null || offset > 0
  return {
    json: rows.map((row) => row.json),
    rows: () => rows.map((row) => JSON.parse(row.json)),
    limit,
    next: hasNext && last ? encodeCursor(sort, last) : null,
    previous: hasPrevious && first ? encodeCursor(sort, first) : null,
    total: Math.min(total, COUNT_CAP),
    capped: total > COUNT_CAP,
  }
}
