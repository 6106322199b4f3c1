import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely'
import type { Grant } from '#src/access/grant.ts'
import type { Acting, Database, Db } from '#src/db/database.ts'
import { beyond, COUNT_CAP, type Page, type PageRow, page } from '#src/db/paging.ts'
import type { DB } from '#src/db/types.ts'
import type { ListView } from '#src/http/list.ts'

/** What a list is made of: the rows that match, within a Grant's reach, and each as JSON. */
export type Source<T extends keyof DB> = {
  table: T & string
  grant: Grant
  /** Search, filters and scope; no order, no page. */
  matching: (db: Db) => SelectQueryBuilder<DB, T, object>
  json: RawBuilder<string>
}

/**
 * One page by keyset, in one statement and one round trip, with the total up to the cap.
 * An empty page behind a cursor takes a second statement for its total.
 */
export async function list<Row, T extends keyof DB = keyof DB>(
  db: Database,
  actor: Acting,
  view: ListView,
  source: Source<T>,
): Promise<Page<Row>> {
  const name = JSON.stringify([actor.orgId, source.table, source.grant.reach, view.q, view.filters])
  const beyondCap = db.counts.beyondCap(name)
  const rows = await db.readAs(actor, (q) => pageOf(q, source, view, beyondCap))
  const elsewhere = view.after !== null || view.before !== null || view.offset > 0
  const [first] = rows.length || !elsewhere ? rows : await db.readAs(actor, (q) => count(q, source))
  const total = first?.total ?? 0
  if (total > COUNT_CAP && !beyondCap) db.counts.noteBeyondCap(name)
  return page(rows, view, total)
}

/** How many rows match, counted up to one past the cap. */
function count<T extends keyof DB>(db: Db, { matching }: Source<T>) {
  const some = matching(db)
    .select(sql`1`.as('one'))
    .limit(COUNT_CAP + 1)
  return db.selectFrom(some.as('some')).select(sql<number>`count(*)::int`.as('total'))
}

/** The rows of a page, one more to know whether there is a next; those before a cursor come backwards. */
function pageOf<T extends keyof DB>(db: Db, source: Source<T>, view: ListView, beyondCap: boolean) {
  const { table, matching, json } = source
  const backwards = view.before !== null && view.after === null
  const direction = view.descending !== backwards ? 'desc' : 'asc'
  const column = sql.ref(`${table}.${view.column}`)
  const id = sql<string>`${sql.ref(`${table}.id`)}`
  const total = beyondCap ? sql<number>`${COUNT_CAP + 1}::int` : sql<number>`(${count(db, source)})`
  return matching(db)
    .where(beyond(table, view))
    .select([id.as('id'), sql<string>`${column}::text`.as('key'), json.as('json'), total.as('total')])
    .orderBy(column, direction)
    .orderBy(id, direction)
    .limit(view.limit + 1)
    .offset(view.offset)
    .$castTo<PageRow>()
}
