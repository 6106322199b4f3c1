import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { CsvError, parse } from 'csv-parse'
import { type Row, readRow } from '#src/domains/users/import-row.ts'

/** What is wrong, and where: the physical line of the file, and the column; null for the file or row as a whole. */
export type ImportError = { line: number | null; field: string | null; message: string }

/** Rows that have errors stand among the rows, too, so that the database can say what else is wrong with them. */
export type Sheet = { rows: Row[]; errors: ImportError[] }

const columns = ['username', 'email', 'first_name', 'last_name', 'roles', 'groups'] as const
const needed = ['username', 'email'] as const

const MOST_BYTES = 50 * 1024 * 1024
const MOST_ROWS = 200_000
const MOST_OF_ROW = 100_000
const LINE_END = /\r\n|\n|\r/

const lineEnds = (text: string) => text.split(LINE_END).length - 1

/** Nothing after this can be read. */
class Unreadable extends Error {
  readonly line: number | null
  constructor(message: string, line: number | null = null) {
    super(message)
    this.line = line
  }
}

/**
 * Reads people from a CSV file: UTF-8, separated by commas, semicolons (Excel) or tabs, with a header.
 * Every wrong row is reported, not just the first.
 */
export async function readSheet(file: string): Promise<Sheet> {
  const sheet = new Reading()
  try {
    await sheet.read(createReadStream(file))
  } catch (error) {
    sheet.errors.push(reason(error, sheet.line))
  }
  if (!sheet.errors.length && !sheet.rows.length) {
    sheet.errors.push({ line: null, field: null, message: 'The file has no people in it.' })
  }
  sheet.errors.sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
  return { rows: sheet.rows, errors: sheet.errors }
}

function reason(error: unknown, line: number): ImportError {
  const { code, message } = error as NodeJS.ErrnoException
  if (error instanceof Unreadable) return { line: error.line, field: null, message }
  if (error instanceof CsvError) {
    const what =
      error.code === 'CSV_QUOTE_NOT_CLOSED' || error.code === 'CSV_MAX_RECORD_SIZE'
        ? 'a quotation mark that begins here, or in the next lines, does not end'
        : 'a quotation mark stands where none may: put the value into quotation marks, and double those within'
    return { line, field: null, message: `${what}; nothing from here on was read` }
  }
  const known: Record<string, string> = {
    ENOENT: 'There is no such file.',
    EISDIR: 'This is a folder, not a file.',
    EACCES: 'The file may not be read.',
  }
  if (!code) throw error
  return { line: null, field: null, message: known[code] ?? message }
}

class Reading {
  readonly rows: Row[] = []
  readonly errors: ImportError[] = []
  /** Where the next record begins. */
  line = 1
  readonly #notUtf8 = new Set<number>()
  readonly #first = { username: new Map<string, number>(), email: new Map<string, number>() }
  #header: (typeof columns)[number][] | undefined
  #count = 0

  async read(chunks: AsyncIterable<Buffer>): Promise<void> {
    const texts = this.#texts(chunks)
    const { value: first = '' } = await texts.next()
    const text = first.replace(/^\uFEFF/, '')
    const parser = parse({
      delimiter: delimiterOf(text),
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      max_record_size: MOST_OF_ROW,
      // at once: a stream drops the records that wait in it when a later one is broken
      on_record: (cells: string[]) => {
        this.#record(cells)
        return null
      },
    })
    const whole = async function* () {
      yield text
      yield* texts
    }
    await pipeline(whole, parser.resume())
  }

  /** Whole lines at a time; those that are not UTF-8 are noted. */
  async *#texts(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
    let rest: Buffer[] = []
    let bytes = 0
    let line = 1
    const text = (block: Buffer): string => {
      if (line === 1 && /^(\xff\xfe|\xfe\xff)/.test(block.subarray(0, 2).toString('latin1'))) {
        throw new Unreadable('is UTF-16, not UTF-8: save it as “CSV UTF-8”', 1)
      }
      if (!isUtf8(block)) {
        for (const [index, part] of block.toString('latin1').split(LINE_END).entries()) {
          if (!isUtf8(Buffer.from(part, 'latin1'))) this.#notUtf8.add(line + index)
        }
      }
      const decoded = block.toString()
      line += lineEnds(decoded)
      return decoded
    }
    for await (const chunk of chunks) {
      bytes += chunk.length
      if (bytes > MOST_BYTES)
        throw new Unreadable(`The file is larger than ${MOST_BYTES / 1024 / 1024} MB: split it.`)
      const end = chunk.lastIndexOf(10) + 1
      rest.push(chunk.subarray(0, end))
      if (end) yield text(Buffer.concat(rest))
      rest = end ? [chunk.subarray(end)] : [...rest.slice(0, -1), chunk]
    }
    yield text(Buffer.concat(rest))
  }

  #record(cells: string[]): void {
    const begins = this.line
    const height = cells.reduce((sum, cell) => sum + lineEnds(cell), 0)
    this.line += height + 1
    const broken = Array.from({ length: height + 1 }, (_, index) => begins + index).filter((line) =>
      this.#notUtf8.has(line),
    )
    for (const line of broken) this.#wrong(line, null, 'is not UTF-8: save the file as “CSV UTF-8”')
    if (cells.every((cell) => cell.trim() === '')) return
    if (!this.#header) this.#header = this.#headerFrom(cells, begins)
    else if (++this.#count > MOST_ROWS)
      throw new Unreadable(`has more than ${MOST_ROWS} rows: split the file`, begins)
    else if (!broken.length) this.#row(this.#header, cells, begins)
  }

  #headerFrom(cells: string[], line: number): (typeof columns)[number][] {
    const names = cells.map((cell) => cell.trim().toLowerCase())
    const list = columns.join(', ')
    const wrong = [
      ...names
        .filter((name) => !columns.includes(name as never))
        .map((name) => `has an unknown column ${JSON.stringify(name)}`),
      ...names
        .filter((name, index) => names.indexOf(name) < index)
        .map((name) => `has the column ${name} twice`),
      ...needed.filter((name) => !names.includes(name)).map((name) => `lacks the column ${name}`),
    ]
    if (wrong.length) throw new Unreadable(`the header ${wrong.join(', ')}. Known columns: ${list}`, line)
    return names as (typeof columns)[number][]
  }

  #row(header: (typeof columns)[number][], cells: string[], line: number): void {
    if (cells.length !== header.length) {
      this.#wrong(line, null, `has ${cells.length} columns, but the header has ${header.length}`)
      return
    }
    const given = Object.fromEntries(header.map((name, index) => [name, cells[index] as string]))
    const { row, errors } = readRow(line, given)
    for (const { field, message } of errors) this.#wrong(line, field, message)
    for (const field of needed) {
      const value = row[field]
      if (value === null) continue
      const first = this.#first[field].get(value)
      if (first === undefined) this.#first[field].set(value, line)
      else this.#wrong(line, field, `is that of line ${first}, too`)
    }
    this.rows.push(row)
  }

  #wrong(line: number, field: string | null, message: string): void {
    this.errors.push({ line, field, message })
  }
}

/** What separates the names of the header. */
function delimiterOf(text: string): string {
  const header = text.trimStart().split(LINE_END, 1)[0] ?? ''
  const unquoted = header.replace(/"[^"]*"/g, '')
  const count = (mark: string) => unquoted.split(mark).length
  return [',', ';', '\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best))
}
