import { isUtf8 } from 'node:buffer'
import { setImmediate as others } from 'node:timers/promises'
import { CsvError, type Parser, parse } from 'csv-parse'
import { STOPPED } from '#src/http/csv.ts'

/** A record of a file, and the physical line that it begins at. */
export type SheetRow = { line: number; cells: readonly string[] }
/** What is wrong with the file itself; null for the file as a whole. */
export type SheetError = { line: number | null; message: string }

export const MOST_ROWS = 200_000
const MOST_OF_ROW = 100_000
const LINE_END = /\r\n|\n|\r/
const PIECE = 64 * 1024

const lineEnds = (text: string) => (/[\r\n]/.test(text) ? text.split(LINE_END).length - 1 : 0)

const range = (first: number, length: number) => Array.from({ length }, (_, index) => first + index)

/** Nothing after this can be read. */
class Unreadable extends Error {
  readonly line: number | null
  constructor(message: string, line: number | null = null) {
    super(message)
    this.line = line
  }
}

/** The bytes of a file that is in memory, so many at a time as don't hold up others. */
export function* piecesOf(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += PIECE) yield content.subarray(at, at + PIECE)
}

/**
 * A CSV file (RFC 4180), read as it comes: UTF-8, separated by commas, semicolons (Excel) or tabs, its first record
 * the header. Every row that is wrong is told, not just the first, and left out.
 */
export class Sheet {
  /** Rows below the header, so far. */
  count = 0
  readonly #chunks: AsyncIterable<Buffer> | Iterable<Buffer>
  readonly #wrong: (error: SheetError) => void
  readonly #mostBytes: number
  readonly #pieces: AsyncGenerator<SheetRow[]>
  readonly #notUtf8 = new Set<number>()
  #read: SheetRow[] = []
  #header: SheetRow | undefined
  /** Where the next record begins. */
  #line = 1

  /** @param wrong is told of each error, in the order of the lines */
  constructor(
    chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
    wrong: (error: SheetError) => void,
    { mostBytes = Number.POSITIVE_INFINITY } = {},
  ) {
    this.#chunks = chunks
    this.#wrong = wrong
    this.#mostBytes = mostBytes
    this.#pieces = this.#readAll()
  }

  /** The names of the columns; undefined where the file has none. */
  async header(): Promise<SheetRow | undefined> {
    while (!this.#header) {
      const { value, done } = await this.#pieces.next()
      if (done) break
      this.#read.push(...value)
    }
    return this.#header
  }

  /** The rows below the header, at most so many at a time. */
  async *rows(atOnce: number): AsyncGenerator<SheetRow[]> {
    let waiting = this.#read
    this.#read = []
    for await (const piece of this.#pieces) {
      waiting = waiting.concat(piece)
      for (; waiting.length >= atOnce; waiting = waiting.slice(atOnce)) yield waiting.slice(0, atOnce)
    }
    for (; waiting.length; waiting = waiting.slice(atOnce)) yield waiting.slice(0, atOnce)
  }

  async *#readAll(): AsyncGenerator<SheetRow[]> {
    let read: SheetRow[] = []
    const taken = () => {
      const rows = read
      read = []
      return rows
    }
    try {
      let parser: Parser | undefined
      for await (const text of this.#texts()) {
        parser ??= this.#parser(delimiterOf(text), (row) => read.push(row))
        if (text) await fed(parser, text)
        if (read.length) yield taken()
        // others have their turn
        await others()
      }
      if (parser) await fed(parser, null)
    } catch (error) {
      // what was read before it counts
      if (read.length) yield taken()
      this.#wrong(reason(error, this.#line))
    }
    if (read.length) yield taken()
  }

  #parser(delimiter: string, row: (row: SheetRow) => void): Parser {
    const parser = parse({
      delimiter,
      bom: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      max_record_size: MOST_OF_ROW,
      // at once: a stream drops the records that wait in it when a later one is broken
      on_record: (cells: string[]) => {
        const found = this.#record(cells)
        if (found) row(found)
        return null
      },
    })
    // told to whoever feeds it
    return parser.on('error', () => {}).resume()
  }

  /** Whole lines at a time; those that are not UTF-8 are noted. */
  async *#texts(): AsyncGenerator<string> {
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
    for await (const chunk of this.#chunks) {
      bytes += chunk.length
      if (bytes > this.#mostBytes)
        throw new Unreadable(`The file is larger than ${this.#mostBytes / 1024 / 1024} MB: split it.`)
      const end = chunk.lastIndexOf(10) + 1
      rest.push(chunk.subarray(0, end))
      if (end) yield text(Buffer.concat(rest))
      rest = end ? [chunk.subarray(end)] : [...rest.slice(0, -1), chunk]
    }
    yield text(Buffer.concat(rest))
  }

  #record(cells: string[]): SheetRow | undefined {
    const line = this.#line
    const height = cells.reduce((sum, cell) => sum + lineEnds(cell), 0)
    this.#line += height + 1
    const broken = this.#notUtf8.size ? range(line, height + 1).filter((one) => this.#notUtf8.has(one)) : []
    for (const one of broken)
      this.#wrong({ line: one, message: 'is not UTF-8: save the file as “CSV UTF-8”' })
    if (cells.every((cell) => cell.trim() === '')) return
    if (!this.#header) {
      this.#header = { line, cells }
      return
    }
    if (++this.count > MOST_ROWS)
      throw new Unreadable(`has more than ${MOST_ROWS} rows: split the file`, line)
    if (broken.length) return
    if (cells[0]?.startsWith(STOPPED)) {
      this.#wrong({ line, message: 'the export stopped here: export the file again' })
      return
    }
    const columns = this.#header.cells.length
    if (cells.length === columns) return { line, cells }
    this.#wrong({ line, message: `has ${cells.length} columns, but the header has ${columns}` })
  }
}

/** Gives the parser a text, or the end, and waits until it has read it. */
const fed = (parser: Parser, text: string | null) =>
  new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve())
    if (text !== null) parser.write(text, done)
    else parser.once('error', reject).end(done)
  })

function reason(error: unknown, line: number): SheetError {
  if (error instanceof Unreadable) return { line: error.line, message: error.message }
  if (!(error instanceof CsvError)) throw error
  const what =
    error.code === 'CSV_QUOTE_NOT_CLOSED' || error.code === 'CSV_MAX_RECORD_SIZE'
      ? 'a quotation mark that begins here, or in the next lines, does not end'
      : 'a quotation mark stands where none may: put the value into quotation marks, and double those within'
  return { line, message: `${what}; nothing from here on was read` }
}

/** What separates the names of the header. */
function delimiterOf(text: string): string {
  const header = text.trimStart().split(LINE_END, 1)[0] ?? ''
  const unquoted = header.replace(/"[^"]*"/g, '')
  const count = (mark: string) => unquoted.split(mark).length
  return [',', ';', '\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best))
}
