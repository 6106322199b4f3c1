import { sql } from 'kysely'
import type { Tx } from '#src/db/database.ts'
import { fold } from '#src/db/fold.ts'
import { fn } from '#src/db/functions.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { Wrong } from '#src/resource/import/import.ts'
import type { Fields } from '#src/resource/record/write.ts'

type KeyedRow = { line: number; values: Fields }
type Index = { name: string; columns: string[]; condition: string | null }

/** True of every new record, so a partial index with this condition still is a unique key. */
const THERE = '(deleted_at IS NULL)'

/** The declared unique keys of an entity whose columns can come from a file. */
export async function keysOf(tx: Tx, { table, columns, declared }: Resource): Promise<UniqueKey[]> {
  const { taken = {} } = declared
  if (!Object.keys(taken).length) return []
  const { rows } = await sql<Index>`
    select c.relname as name, pg_get_expr(i.indpred, i.indrelid) as condition,
      array(select a.attname::text from pg_attribute a join unnest(i.indkey) k(n) on k.n = a.attnum
        where a.attrelid = i.indrelid and a.attname <> 'org_id') as columns
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = ${`public.${table}`}::regclass and c.relname = any(${Object.keys(taken)}) and i.indexprs is null`.execute(
    tx,
  )
  return rows.flatMap(({ name, columns: of, condition }) => {
    const known =
      of.every((column) => sentIn(column) in columns) && (condition === null || condition === THERE)
    return known ? [new UniqueKey(table, of, condition, ...(taken[name] as [string, string]))] : []
  })
}

/** The column behind a key's sort form: names that read the same count as equal. */
const sentIn = (column: string) => column.replace(/^sort_/, '')
const kept = (column: string, value: unknown) => (sentIn(column) === column ? value : fold(String(value)))

/** A unique key: finds rows of a file that duplicate an earlier row or an existing record. */
export class UniqueKey {
  readonly #table: string
  readonly #columns: readonly string[]
  readonly #condition: string | null
  readonly #field: string
  readonly #message: string
  /** The line where each key first occurred. */
  readonly #first = new Map<string, number>()

  constructor(
    table: string,
    columns: readonly string[],
    condition: string | null,
    field: string,
    message: string,
  ) {
    this.#table = table
    this.#columns = columns
    this.#condition = condition
    this.#field = field
    this.#message = message
  }

  async taken(tx: Tx, rows: readonly KeyedRow[]): Promise<(Wrong & { line: number })[]> {
    const named = rows.filter(({ values }) =>
      this.#columns.every((name) => (values[sentIn(name)] ?? null) !== null),
    )
    const twice = named.flatMap(({ line, values }) => {
      const key = JSON.stringify(this.#columns.map((name) => kept(name, values[sentIn(name)])))
      const first = this.#first.get(key)
      if (first === undefined) this.#first.set(key, line)
      return first === undefined ? [] : [{ line, field: this.#field, message: `same as line ${first}` }]
    })
    const again = new Set(twice.map(({ line }) => line))
    const once = named.filter(({ line }) => !again.has(line))
    return [...twice, ...(await this.#there(tx, once))]
  }

  async #there(tx: Tx, rows: readonly KeyedRow[]) {
    if (!rows.length) return []
    const json = JSON.stringify(rows.map(({ values }) => values))
    const same = this.#columns.map((name) => {
      const given = sql.ref(`g.${sentIn(name)}`)
      return sql`t.${sql.ref(name)} = ${sentIn(name) === name ? given : fn.fold({ value: given })}`
    })
    const { rows: found } = await sql<{ at: string }>`
      select g.ordinality as at from json_populate_recordset(null::${sql.table(this.#table)}, ${json}) with ordinality as g
      where exists (select from (select * from ${sql.table(this.#table)} where ${sql.raw(this.#condition ?? 'true')}) t
        where ${sql.join(same, sql` and `)})`.execute(tx)
    return found.map(({ at }) => ({
      line: rows[Number(at) - 1]?.line as number,
      field: this.#field,
      message: this.#message,
    }))
  }
}
