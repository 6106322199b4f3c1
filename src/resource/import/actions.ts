import type { z } from 'zod'
import type { Tx } from '#src/db/database.ts'
import type { Resource } from '#src/resource/entity.ts'
import { type Cells, type Importer, type Wrong, wrongOf } from '#src/resource/import/import.ts'
import { readCells } from '#src/resource/import/read.ts'
import { refusalOf } from '#src/resource/record/attempt.ts'
import type { Fields } from '#src/resource/record/write.ts'

type RowValues = { line: number; values: Fields | null }

/** Writes each row by the entity's own action, whose refusals become the row's errors. */
export class ActionImporter implements Importer<RowValues> {
  readonly atOnce = 100
  readonly #resource: Resource
  readonly #body: z.ZodType
  readonly #create: (tx: Tx, values: Fields) => Promise<unknown>

  constructor(resource: Resource, body: z.ZodType, create: (tx: Tx, values: Fields) => Promise<unknown>) {
    this.#resource = resource
    this.#body = body
    this.#create = create
  }

  read(line: number, cells: Cells): { row: RowValues; wrong: Wrong[] } {
    const { values, whole, wrong } = readCells(this.#resource, this.#body, cells)
    return { row: { line, values: whole ? values : null }, wrong }
  }

  async check(tx: Tx, rows: readonly RowValues[]): Promise<(Wrong & { line: number })[]> {
    const found: (Wrong & { line: number })[] = []
    for (const { line, values } of rows) {
      const refused = values && (await refusalOf(tx, () => this.#create(tx, values)))
      if (refused) found.push(...wrongOf(refused).map((wrong) => ({ line, ...wrong })))
    }
    return found
  }

  /** Does nothing: `check` has already written them. */
  async write(): Promise<void> {}
}
