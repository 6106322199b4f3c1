import { type Compilable, type RawBuilder, type SelectQueryBuilder, sql } from 'kysely'
import type { Grant } from '#src/access/grant.ts'
import type { Acting, Database, Tx } from '#src/db/database.ts'
import { beyond, COUNT_CAP, type Cursor, type Page, type PageRow, page } from '#src/db/paging.ts'
import type { DB } from '#src/db/types.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import { entries, probed, ranked, type Search, searched } from '#src/resource/list/search.ts'

/** Plans are kept only for pages of this length, so that there are few. */
const USUAL_LIMIT = 25

/** A list's data: the matching rows within a Grant's reach, each as JSON. */
export type Source<T extends keyof DB> = {
  table: T & string
  /** The Grant, or whatever else selects rows: equal `reach` means equal rows. */
  grant: Pick<Grant, 'all' | 'reach'> & Partial<Pick<Grant, 'entries'>>
  search?: Search | null
  /** Whether filter values vary widely in selectivity, from a handful of rows to half of all. */
  skewed?: boolean
  /** Filters and scope; no search, no order, no page. */
  matching: (db: Tx, how?: { few: boolean }) => SelectQueryBuilder<DB, T, object>
  json: RawBuilder<string>
}

/**
 * One keyset page in one statement and one round trip, with the total up to the cap. A search first counts the index
 * entries of its words and tags: few are looked up; with many, the list is walked in its order for a while, since the
 * next match is rarely far. An empty page after a cursor counts its total separately.
 */
export async function list<Row, T extends keyof DB = keyof DB>(
  db: Pick<Database, 'readAs' | 'counts'>,
  actor: Acting,
  view: ListView,
  declared: Source<T>,
): Promise<Page<Row>> {
  const { grant } = declared
  const name = JSON.stringify([actor.orgId, declared.table, grant.reach, view.q, view.filters])
  const beyondCap = db.counts.beyondCap(name)
  const near = !beyondCap && (await reachesFew(db, actor, declared))
  const { search, few } = await rarestFirst(db, actor, declared.search)
  const source = { ...(near ? nearest(declared) : declared), search }
  // keeps only plans that suit every organization: no words, no small set of groups, a fixed limit
  const prepared = !search && !declared.skewed && (grant.all || beyondCap) && view.limit === USUAL_LIMIT
  const walked = few
    ? null
    : await db.readAs(actor, (q) => pageOf(q, source, view, { walk: WALK, beyondCap }))
  // matches are far apart in this order: uses their index entries instead
  const found = walked && walked.length > view.limit ? walked : null
  const rows = found ?? (await db.readAs(actor, (q) => pageOf(q, source, view, { beyondCap }), { prepared }))
  const elsewhere = view.after !== null || view.before !== null || view.offset > 0
  const [first] = rows.length || !elsewhere ? rows : await db.readAs(actor, (q) => count(q, source))
  const total = first?.total ?? 0
  if (total > COUNT_CAP && !beyondCap) db.counts.noteBeyondCap(name)
  return page(rows, view, total)
}

/** Rows walked in the list's order before a search falls back to its index entries. */
const WALK = 3000

const AT_ONCE = 250

/** All rows of a list, from its beginning. */
export async function* everyRow<Row, T extends keyof DB = keyof DB>(
  db: Pick<Database, 'readAs'>,
  actor: Acting,
  view: ListView,
  declared: Source<T>,
): AsyncGenerator<Row[]> {
  const source = (await reachesFew(db, actor, declared)) ? nearest(declared) : declared
  yield* inPieces(view, (place) => db.readAs(actor, (q) => pageOf(q, source, place, { beyondCap: true })))
}

/**
 * All rows of a list, in chunks that fit easily into memory. Each chunk is a new read, so that no slow client holds a
 * connection or a snapshot.
 * @param read reads a page, with one extra row if another follows
 */
export async function* inPieces<Row>(
  view: ListView,
  read: (view: ListView) => Promise<PageRow[]>,
): AsyncGenerator<Row[]> {
  let after: Cursor | null = view.after
  for (;;) {
    const rows = await read({ ...view, limit: AT_ONCE, after, before: null, offset: 0 })
    const piece = rows.slice(0, AT_ONCE)
    yield piece.map(({ json }) => JSON.parse(json))
    const last = piece[piece.length - 1]
    if (rows.length <= AT_ONCE || !last) return
    after = { key: last.key, id: last.id }
  }
}

/** SQL text as a statement for `readAs`. */
export const statement = <Row>(db: Tx, text: RawBuilder<Row>): Compilable<Row> => ({
  compile: () => text.compile(db),
})

/** Up to this many rows, looking rows up from their groups beats checking each row's groups. */
const NEAR = 12_000

/** Whether a Grant's groups hold so few rows that a list should start from them. */
export async function reachesFew<T extends keyof DB>(
  db: Pick<Database, 'readAs'>,
  actor: Acting,
  { grant }: Source<T>,
): Promise<boolean> {
  const count = grant.entries?.(NEAR)
  const [found] = count ? await db.readAs(actor, (q) => statement(q, count)) : []
  return found !== undefined && found.entries <= NEAR
}

/** The same rows, looked up from their groups. */
export const nearest = <T extends keyof DB>(source: Source<T>): Source<T> => ({
  ...source,
  matching: (db) => source.matching(db, { few: true }),
})

/** The search with its most selective term first; returns at once without a search. */
async function rarestFirst(
  db: Pick<Database, 'readAs'>,
  actor: Acting,
  search: Search | null | undefined,
): Promise<{ search: Search | null; few: boolean }> {
  if (!search) return { search: null, few: true }
  const [found] = await db.readAs(actor, (q) => statement(q, entries(search)))
  return ranked(search, found?.entries ?? [])
}

/** The rows of a source, with its search. */
export const selected = <T extends keyof DB>(db: Tx, { table, matching, search }: Source<T>) =>
  search ? matching(db).where(searched(table, search)) : matching(db)

/** How many rows match, counted up to one past the cap. */
function count<T extends keyof DB>(db: Tx, source: Source<T>) {
  const some = selected(db, source)
    .select(sql`1`.as('one'))
    .limit(sql.lit(COUNT_CAP + 1))
  return db.selectFrom(some.as('some')).select(sql<number>`count(*)::int`.as('total'))
}

/** The total; if the search has just found every match, they aren't counted again. */
function totalOf<T extends keyof DB>(db: Tx, source: Source<T>, { after, before }: ListView, walk?: number) {
  if (!source.search || walk || after || before) return sql<number>`(${count(db, source)})`
  return sql<number>`least(count(*) over (), ${sql.lit(COUNT_CAP + 1)})::int`
}

/** Matching rows among the first in the list's order. */
function walkedRows<T extends keyof DB>(db: Tx, source: Source<T>, view: ListView, walk: number) {
  const { table, matching, search } = source
  const first = inOrder(matching(db).where(beyond(table, view)), table, view)
    .selectAll(table as never)
    .limit(sql.lit(walk))
  const rows = db.selectFrom(first.as(table)) as unknown as ReturnType<typeof matching>
  return search ? rows.where(probed(table, search)) : rows
}

/** In the list's order; reversed for a page before a cursor. */
function inOrder<T extends keyof DB>(rows: SelectQueryBuilder<DB, T, object>, table: string, view: ListView) {
  const backwards = view.before !== null && view.after === null
  const direction = view.descending !== backwards ? 'desc' : 'asc'
  return rows
    .orderBy(sql.ref(`${table}.${view.column}`), direction)
    .orderBy(sql.ref(`${table}.${view.tie}`), direction)
}

/**
 * The rows of a page, plus one to know whether another follows; rows before a cursor come in reverse.
 * @param how.walk considers only this many rows in the list's order
 */
function pageOf<T extends keyof DB>(
  db: Tx,
  source: Source<T>,
  view: ListView,
  { walk, beyondCap }: { walk?: number; beyondCap: boolean },
) {
  const { table, json } = source
  const column = sql.ref(`${table}.${view.column}`)
  const id = sql<string>`${sql.ref(`${table}.${view.tie}`)}::text`
  const total = beyondCap ? sql<number>`${sql.lit(COUNT_CAP + 1)}` : totalOf(db, source, view, walk)
  const rows = walk ? walkedRows(db, source, view, walk) : selected(db, source).where(beyond(table, view))
  return inOrder(rows, table, view)
    .select([id.as('id'), sql<string>`${column}::text`.as('key'), json.as('json'), total.as('total')])
    .limit(sql.lit(view.limit + 1))
    .$if(view.offset > 0, (rows) => rows.offset(view.offset))
    .$castTo<PageRow>()
}
