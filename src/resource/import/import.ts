import { setImmediate as others } from 'node:timers/promises'
import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model } from '#src/access/permission.ts'
import { recheckLast } from '#src/access/renewal.ts'
import type { Door, Tx } from '#src/db/database.ts'
import { answerOf, RolledBack } from '#src/db/dry-run.ts'
import type { Services } from '#src/http/endpoint.ts'
import { noted } from '#src/resource/bulk/outcome.ts'
import { DELETED, fromCell } from '#src/resource/export.ts'
import type { Field, Mapping } from '#src/resource/import/columns.ts'
import { Sheet, type SheetRow } from '#src/resource/import/sheet.ts'
import type { Refused } from '#src/resource/record/attempt.ts'

/** An error with its physical line and field; a null line means the whole file, a null field the whole row. */
export type ImportError = {
  line: number | null
  column: string | null
  /** The cell, truncated. */
  value: string | null
  message: string
}

/** Something in rows that an import can't keep, in a sentence; no value changes without one. */
export type ImportNote = { column: string; rows: number; message: string }

/** The result for a file. Only the first errors are kept; their count is exact. */
export type ImportReport = {
  rows: number
  notes: ImportNote[]
  error_count: number
  errors: ImportError[]
  ignored_columns: string[]
}

/** An error in a row. `denied` names the missing permission, for the trail. */
export type Wrong = { field: string | null; message: string; denied?: string }

/** A refusal as a row's errors, field by field. */
export function wrongOf({ error: { errors, message }, denied }: Refused): Wrong[] {
  if (!errors?.length) return [{ field: null, message, denied }]
  return errors.map(({ path, message }) => ({ field: path || null, message, denied }))
}

/** The cells of a row by field, as in the file. */
export type Cells = Readonly<Record<string, string>>

/** Reads and writes the rows of one file, in one transaction. */
export interface Importer<R = unknown> {
  /** Rows that are checked and written together. */
  readonly atOnce: number
  /** The valid values of a row, and its errors apart from the database. */
  read(line: number, cells: Cells): { row: R; wrong: Wrong[] }
  /** Errors of rows against existing data; includes rows that are invalid in themselves. */
  check(tx: Tx, rows: readonly R[]): Promise<(Wrong & { line: number })[]>
  /** Writes rows without errors. */
  write(tx: Tx, rows: readonly R[]): Promise<void>
  /** Notes on values that can't be kept as they are. */
  notes?(): ImportNote[]
}

/** How an entity is imported: the fields that columns can map to, and the importer for an actor. */
export type Importing<M extends Model> = {
  fields: readonly Field[]
  importer: (actor: UserActor, grant: Grant<M, 'create'>, services: Services) => Importer
}

/** Who imports a file: the transaction runs on their behalf, and their access is rechecked during the work. */
export type Bringer = {
  /** May rerun the work after a conflict. */
  transaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
  /** @throws {Revoked} if they may no longer import it */
  recheck?: () => Promise<void> | undefined
  recheckLast?: (tx: Tx) => Promise<void>
  /** Called with a permission they lacked. */
  denied?: (wanted: string, path: string) => Promise<void>
}

/** An importing user, with their current rights. */
export function broughtBy(db: Pick<Door, 'withActor'>, actor: UserActor): Bringer {
  actor.begin('import')
  return {
    transaction: (work) => db.withActor(actor, work),
    recheck: () => actor.renewal?.recheck(),
    recheckLast: (tx) => recheckLast(tx, actor),
    denied: async (wanted, path) => {
      await db.withActor(actor.author, (tx) => noted(tx, null, wanted, path))
    },
  }
}

/** The import of one file. */
export type Job = {
  /** Read again if the transaction reruns. */
  content: (tx: Tx) => AsyncIterable<Buffer> | Iterable<Buffer>
  importer: () => Importer
  choose: (header: readonly string[]) => Mapping
  /** The entity's plural, for the error about a file without rows. */
  many: string
  /** Path of the request, for the trail. */
  path: string
  /** Does everything, then rolls it back. */
  dryRun: boolean
  /** Called after every few rows; throwing ends the work. */
  progress?: (done: number) => void
  /** Runs last, in the same transaction. */
  finish?: (tx: Tx, report: ImportReport) => Promise<void>
}

/** Rows read before yielding to other work. */
const READ_AT_ONCE = 500
const MAX_ERRORS = 1000
/** Batch size for importers that check and write many rows in one statement. */
export const MANY = 5000
const MAX_OF_VALUE = 100
const MAX_OF_MESSAGE = 500

/** Text of a file for reports: short, and without what the database's JSON refuses. */
const excerpt = (text: string, most = MAX_OF_VALUE) =>
  text.replaceAll('\0', '␀').slice(0, most).toWellFormed() + (text.length > most ? '…' : '')

/**
 * Makes the planner expect many rows until the transaction ends: with missing or small statistics for an organization
 * it would assume a row or two and scan the table again for every row of the file.
 */
export const planForMany = (tx: Tx) => sql`set local enable_nestloop = off`.execute(tx)

/**
 * Imports all rows of a file in one transaction, or none, and reports every error at once.
 * @throws {Revoked} if the actor loses access during the work
 */
export async function importFile(by: Bringer, job: Job): Promise<ImportReport> {
  let run = new Run(job, by)
  const transaction = by.transaction(async (tx) => {
    run = new Run(job, by)
    const report = await run.work(tx)
    const kept = !report.error_count && !job.dryRun
    if (kept) await job.finish?.(tx, report)
    await by.recheckLast?.(tx)
    if (!kept) throw new RolledBack(report)
    return report
  })
  const report = await answerOf(transaction)
  if (run.denied) await by.denied?.(run.denied, job.path)
  return report
}

type CellsOf = (cells: readonly string[]) => Cells

class Run {
  readonly report: ImportReport = { rows: 0, notes: [], error_count: 0, errors: [], ignored_columns: [] }
  denied: string | undefined
  readonly #job: Job
  readonly #by: Bringer
  readonly #importer: Importer

  constructor(job: Job, by: Bringer) {
    this.#job = job
    this.#by = by
    this.#importer = job.importer()
  }

  async work(tx: Tx): Promise<ImportReport> {
    const { report } = this
    const sheet = new Sheet(this.#job.content(tx), ({ line, message }) => this.#wrong(line, null, message))
    const header = await sheet.header()
    if (header) await this.#rows(tx, sheet, header, this.#job.choose(header.cells))
    report.rows = sheet.count
    report.notes = this.#importer.notes?.() ?? []
    if (!report.rows && !report.error_count)
      this.#wrong(null, null, `The file contains no ${this.#job.many}.`)
    report.errors.sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
    return report
  }

  async #rows(tx: Tx, sheet: Sheet, { line, cells: header }: SheetRow, { columns, ignored, wrong }: Mapping) {
    this.report.ignored_columns = ignored.map((name) => excerpt(name))
    for (const message of wrong) this.#wrong(line, null, message)
    if (wrong.length && columns.length === 1)
      this.#wrong(
        line,
        null,
        'The header has a single column: separate columns by commas, semicolons or tabs',
      )
    if (wrong.length) return
    const places = columns.flatMap((field, at) => (field === null ? [] : [[field, at] as const]))
    const cellsOf: CellsOf = (cells) =>
      Object.fromEntries(places.map(([field, at]) => [field, fromCell(cells[at] ?? '')]))
    const deleted = ignored.includes(DELETED) ? header.findIndex((name) => name.trim() === DELETED) : -1
    // reads the next rows while the database writes
    let writing = Promise.resolve()
    for await (const rows of sheet.rows(this.#importer.atOnce)) {
      const read = await this.#read(rows, cellsOf, deleted)
      await writing
      await this.#by.recheck?.()
      await this.#check(tx, rows, read, cellsOf)
      this.#job.progress?.(sheet.count)
      // nothing will be saved any more: the rest is only checked
      if (this.report.error_count) continue
      writing = this.#importer.write(tx, read)
      // errors surface where the promise is awaited
      writing.catch(() => {})
    }
    await writing
  }

  async #read(rows: readonly SheetRow[], cellsOf: CellsOf, deleted: number): Promise<unknown[]> {
    const read: unknown[] = []
    for (const [at, { line, cells }] of rows.entries()) {
      const given = cellsOf(cells)
      const { row, wrong } = this.#importer.read(line, given)
      for (const one of wrong) this.#wrong(line, one, one.message, given)
      if (cells[deleted]?.trim())
        this.#wrong(line, { field: DELETED }, 'was deleted: remove this row, or restore the record')
      read.push(row)
      if (at % READ_AT_ONCE === 0) await others()
    }
    return read
  }

  async #check(tx: Tx, rows: readonly SheetRow[], read: readonly unknown[], cellsOf: CellsOf) {
    const found = await this.#importer.check(tx, read)
    const byLine = new Map(found.length ? rows.map(({ line, cells }) => [line, cells]) : [])
    for (const one of found) this.#wrong(one.line, one, one.message, cellsOf(byLine.get(one.line) ?? []))
  }

  #wrong(line: number | null, at: Omit<Wrong, 'message'> | null, message: string, cells: Cells = {}) {
    const { report } = this
    report.error_count += 1
    this.denied ??= at?.denied
    if (report.errors.length >= MAX_ERRORS) return
    const column = at?.field ?? null
    const cell = column === null ? undefined : cells[column]
    report.errors.push({
      line,
      column,
      value: cell ? excerpt(cell) : null,
      message: excerpt(message, MAX_OF_MESSAGE),
    })
  }
}
