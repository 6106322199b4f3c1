import { sql } from 'kysely'
import type { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { findModel, parentsOf } from '#src/access/model.ts'
import type { Tx } from '#src/db/database.ts'
import { Forbidden } from '#src/errors.ts'
import type { Resource } from '#src/resource/entity.ts'
import {
  type Cells,
  type Importer,
  MANY,
  planForMany,
  type Wrong,
  wrongOf,
} from '#src/resource/import/import.ts'
import { keysOf, type UniqueKey } from '#src/resource/import/keys.ts'
import { readCells } from '#src/resource/import/read.ts'
import { refusalFrom } from '#src/resource/record/attempt.ts'
import { type Misplaced, misplacedBy, refusalOf } from '#src/resource/record/placement.ts'
import { type Fields, mapConstraintErrors, newValues } from '#src/resource/record/write.ts'

type RecordLine = { line: number; values: Fields; whole: boolean }
type RowErrors = (Wrong & { line: number })[]

const OUTSIDE = 'You can’t leave a record where you can’t reach it.'

/** Creates records as `createRecord` does, many in one statement. */
export class RecordImporter implements Importer<RecordLine> {
  readonly atOnce = MANY
  readonly #resource: Resource
  readonly #body: z.ZodType
  readonly #actor: UserActor
  readonly #grant: Grant
  #keys: readonly UniqueKey[] | undefined

  constructor(resource: Resource, body: z.ZodType, actor: UserActor, grant: Grant) {
    this.#resource = resource
    this.#body = body
    this.#actor = actor
    this.#grant = grant
  }

  read(line: number, cells: Cells): { row: RecordLine; wrong: Wrong[] } {
    const { values, whole, wrong } = readCells(this.#resource, this.#body, cells)
    if (!whole) return { row: { line, values, whole }, wrong }
    try {
      const all = newValues(this.#resource, this.#actor, this.#grant, values)
      return { row: { line, values: all, whole }, wrong }
    } catch (thrown) {
      const refusal = refusalFrom(thrown)
      if (!refusal) throw thrown
      return { row: { line, values, whole: false }, wrong: wrongOf(refusal) }
    }
  }

  async check(tx: Tx, rows: readonly RecordLine[]): Promise<RowErrors> {
    this.#keys ??= await this.#begin(tx)
    const found: RowErrors = []
    for (const key of this.#keys) found.push(...(await key.taken(tx, rows)))
    const dangling = await this.#dangling(tx, rows)
    const outside = (await this.#outside(tx, rows)).filter(
      ({ line, field }) => !dangling.some((one) => one.line === line && one.field === field),
    )
    return [...found, ...dangling, ...outside]
  }

  async #begin(tx: Tx): Promise<readonly UniqueKey[]> {
    await planForMany(tx)
    return keysOf(tx, this.#resource)
  }

  async write(tx: Tx, rows: readonly RecordLine[]): Promise<void> {
    const { table } = this.#resource
    // a column that no row names gets its default
    const alike = Map.groupBy(rows, ({ values }) => Object.keys(values).join())
    for (const some of alike.values()) {
      const names = sql.join(Object.keys(some[0]?.values ?? {}).map((name) => sql.ref(name)))
      const { rows: made } = await mapConstraintErrors(
        this.#resource,
        sql<{ in_scope: boolean }>`
          with made as (insert into ${sql.table(table)} (${names}) select ${names} from ${this.#recordset(some)} returning *)
          select bool_and((${this.#grant.where(table)}) is true and (${this.#misplaced}) is null) as in_scope from made as ${sql.ref(table)}`.execute(
          tx,
        ),
      )
      if (!made[0]?.in_scope) throw new Forbidden(this.#wanted, OUTSIDE)
    }
  }

  get #wanted() {
    return `${this.#grant.model}:${this.#grant.action}`
  }

  /** Rows as a recordset with the table's column types. */
  #recordset(rows: readonly RecordLine[]) {
    const { table } = this.#resource
    const json = JSON.stringify(rows.map(({ values }) => ({ org_id: this.#actor.orgId, ...values })))
    return sql`json_populate_recordset(null::${sql.table(table)}, ${json})`
  }

  /** References to records that don't exist here. */
  async #dangling(tx: Tx, rows: readonly RecordLine[]): Promise<RowErrors> {
    const found: RowErrors = []
    for (const [name, { of }] of Object.entries(this.#resource.columns)) {
      const target = of ? findModel(of)?.table : undefined
      const ids = new Set(rows.flatMap(({ values }) => (values[name] as string | null | undefined) ?? []))
      if (!target || !ids.size) continue
      const there = await sql<{ id: string }>`
        select t.id from unnest(${[...ids]}::uuid[]) as named(id) join ${sql.table(target)} t on t.id = named.id`.execute(
        tx,
      )
      for (const { id } of there.rows) ids.delete(id)
      for (const { line, values } of rows)
        if (ids.has(values[name] as string))
          found.push({ line, field: name, message: 'doesn’t exist, or you don’t have access' })
    }
    return found
  }

  /** What is wrong with the parents of a row. */
  get #misplaced() {
    return misplacedBy(this.#resource, this.#actor, this.#grant, Object.keys(this.#resource.columns))
  }

  /** Rows that their creator couldn't reach, or with a parent out of the creator's scope. */
  async #outside(tx: Tx, rows: readonly RecordLine[]): Promise<RowErrors> {
    const whole = rows.filter((row) => row.whole)
    const { table, model } = this.#resource
    if (!whole.length || (this.#grant.all && !parentsOf(model).size)) return []
    const { rows: found } = await sql<{ at: string; misplaced: Misplaced | null }>`
      select ${sql.ref(`${table}.ordinality`)} as at, ${this.#misplaced} as misplaced
      from ${this.#recordset(whole)} with ordinality as ${sql.ref(table)}
      where (${this.#grant.where(table)}) is not true or (${this.#misplaced}) is not null`.execute(tx)
    return found.flatMap(({ at, misplaced }) => {
      const line = whole[Number(at) - 1]?.line as number
      if (!misplaced) return [{ line, field: null, message: OUTSIDE, denied: this.#wanted }]
      const refusal = refusalFrom(refusalOf(this.#grant, misplaced))
      return refusal ? wrongOf(refusal).map((wrong) => ({ line, ...wrong })) : []
    })
  }
}
