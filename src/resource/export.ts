import { CsvError } from 'csv-parse'
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import type { UserActor } from '#src/access/actor.ts'
import { answer } from '#src/db/call.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import type { Csv } from '#src/http/endpoint.ts'
import type { RecordRow, Resource } from '#src/resource/entity.ts'
import type { Column } from '#src/resource/kinds/column.ts'
import type { ListView } from '#src/resource/list/declaration.ts'

// also full-width signs, which some spreadsheets treat alike, and also after apostrophes
const FORMULA = /^'*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n]/

/**
 * Prefixes an apostrophe to what a spreadsheet would take for a formula, and to what already has one, so that
 * `fromCell` restores every text exactly.
 */
export const guarded = (value: string) => (FORMULA.test(value) ? `'${value}` : value)

/** Undoes `guarded`. */
export const fromCell = (cell: string): string =>
  cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell

/** Several names in one cell: a CSV line of its own, separated by semicolons. */
export const cellOfEntries = (entries: readonly string[]) =>
  entries.map((entry) => (/[";]/.test(entry) ? `"${entry.replaceAll('"', '""')}"` : entry)).join('; ')

/** The distinct names in a cell; null if a quotation mark is misplaced. */
export function entriesOf(cell: string): string[] | null {
  if (!cell.includes('"')) return entered(cell.split(';'))
  try {
    return entered(parse(cell, { delimiter: ';', trim: true, relax_quotes: true }).flat())
  } catch (error) {
    if (error instanceof CsvError) return null
    throw error
  }
}

const entered = (entries: readonly string[]) =>
  [...new Set(entries.map((entry) => entry.trim()))].filter(Boolean)

const cellOf = ({ kind }: Column, value: unknown): string => {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.join(', ')
  return kind.text ? guarded(String(value)) : String(value)
}

/** Exported for deleted records, and ignored by imports. */
export const DELETED = 'deleted_at'
const bare: Partial<Record<string, (row: RecordRow) => string>> = {
  id: ({ id }) => id,
  [DELETED]: (row) => (row[DELETED] as string | null) ?? '',
}

/** Column names of a file, in order. */
export const exportedColumns = ({ columns, soft }: Resource): string[] => [
  'id',
  ...Object.keys(columns).filter((name) => columns[name]?.exported),
  ...(soft ? [DELETED] : []),
]

/** Lines of a CSV file (RFC 4180); a line break within a cell doesn't end the line. */
export const csvLines = (lines: readonly (readonly string[])[]) =>
  stringify(lines as string[][], { record_delimiter: 'windows', quoted_match: /[\r\n]/ })

/** What is exported, by whom, and how the list was filtered. */
type ExportSource = { db: Pick<Door, 'withActor'>; actor: UserActor; model: string; view: ListView }

/** A list as a file. The trail records what was sent and how many rows, even if the transfer breaks off. */
export function exported<R>(
  { db, actor, model, view }: ExportSource,
  pieces: AsyncIterable<R[]>,
  csv: (pieces: AsyncIterable<R[]>) => AsyncIterable<string>,
): Pick<Csv, 'chunks' | 'sent'> {
  let count = 0
  async function* counted() {
    for await (const rows of pieces) {
      count += rows.length
      yield rows
    }
  }
  const sent = async (whole: boolean) => {
    const { q, filters } = view
    const details = { count, ...(q ? { q } : {}), ...(Object.keys(filters).length ? { filters } : {}), whole }
    const event = fn.record_event({ name: `${model}:export`, type: model, target: null, details })
    await db.withActor(actor.author, (tx) => answer(tx, event))
  }
  return { chunks: csv(counted()), sent }
}

/** A list as CSV, one chunk of text for each chunk of rows; the header comes with the first. */
export async function* csvOf(resource: Resource, pieces: AsyncIterable<RecordRow[]>): AsyncGenerator<string> {
  const extra = Object.entries(resource.declared.cells ?? {})
  const names = exportedColumns(resource)
  const lines: string[][] = [[...names, ...extra.map(([name]) => name)]]
  for await (const rows of pieces) {
    const cells = rows.map((row) => [
      ...names.map((name) => bare[name]?.(row) ?? cellOf(resource.columns[name] as Column, row[name])),
      ...extra.map(([, cell]) => guarded(cell(row))),
    ])
    lines.push(...cells)
    if (lines.length) yield csvLines(lines.splice(0))
  }
  if (lines.length) yield csvLines(lines)
}
