import { isUtf8 } from 'node:buffer'
import { setImmediate as others } from 'node:timers/promises'
import { CsvError, type Parser, parse } from 'csv-parse'
import { STOPPED } from '#src/http/stopped.ts'
import { Unreadable, utf8Of } from '#src/resource/import/bytes.ts'

/** A record of a file, and the physical line that it begins at. */
export type SheetRow = { line: number; cells: readonly string[] }
/** What is wrong with the file itself; null for the file as a whole. */
export type SheetError = { line: number | null; message: string }

export const MAX_ROWS = 200_000
const MAX_OF_ROW = 100_000
const LINE_END = /\r\n|\n|\r/
const PIECE = 64 * 1024
const SEPARATORS = [',', ';', '\t', '|'] as const
/** Rows with a quotation mark that is wrong; each costs reading a piece of the file again. */
const MAX_BROKEN = 100

const lineEnds = (text: string) => (/[\r\n]/.test(text) ? text.split(LINE_END).length - 1 : 0)

const range = (first: number, length: number) => Array.from({ length }, (_, index) => first + index)

/** The bytes of a file that is in memory, so many at a time as don't hold up others. */
export function* piecesOf(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += PIECE) yield content.subarray(at, at + PIECE)
}

/**
 * A CSV file (RFC 4180), read as it comes: UTF-8 or UTF-16, separated by commas, semicolons (Excel), tabs or bars, its
 * first record the header. Every row that is wrong is told, not just the first, and left out.
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
  #broken = 0

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
    const read: SheetRow[] = []
    const row = (one: SheetRow) => read.push(one)
    try {
      let reading: Reading | undefined
      for await (const text of this.#texts()) {
        reading ??= this.#begin(text)
        await this.#feed(reading, text, row)
        if (read.length) yield read.splice(0)
        // others have their turn
        await others()
      }
      if (reading) await this.#feed(reading, null, row)
    } catch (error) {
      // what was read before it counts
      if (read.length) yield read.splice(0)
      this.#wrong(reason(error, this.#line))
    }
    if (read.length) yield read
  }

  #begin(text: string): Reading {
    const said = SAID.exec(text)
    return {
      separator: said?.[1] ?? separatorOf(text),
      skip: said ? 1 : 0,
      parser: null,
      unread: '',
      from: 1,
    }
  }

  /**
   * Has a text read, or the end. What follows a line with a quotation mark that is wrong is read anew, as if the line
   * weren't there: such a mark could take everything up to the next one for its cell.
   */
  async #feed(reading: Reading, text: string | null, row: (row: SheetRow) => void): Promise<void> {
    for (let next = text; ; ) {
      if (reading.skip && next !== null) {
        next = fromLine(next, reading.skip)
        reading.from = this.#line += reading.skip
        reading.skip = 0
      }
      reading.unread += next ?? ''
      reading.parser ??= this.#parser(reading.separator, row)
      try {
        if (next !== '') await fed(reading.parser, next)
        this.#keep(reading)
        if (next === null || text !== null) return
        next = null
      } catch (error) {
        // without a header nothing is known of what follows
        if (!(error instanceof CsvError) || !this.#header || ++this.#broken > MAX_BROKEN) throw error
        this.#wrong({ line: this.#line, message: flawOf(error) })
        this.#line += 1
        this.#keep(reading)
        next = reading.unread
        reading.unread = ''
        reading.parser = null
      }
    }
  }

  /** Keeps what may have to be read again: from the record on that has not ended. */
  #keep(reading: Reading): void {
    reading.unread = fromLine(reading.unread, this.#line - reading.from)
    reading.from = this.#line
  }

  #parser(delimiter: string, row: (row: SheetRow) => void): Parser {
    const parser = parse({
      delimiter,
      bom: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      // a mark within a cell, as of inches, is a character as any other; with `trim` one that ends too early is told
      relax_quotes: true,
      trim: true,
      max_record_size: MAX_OF_ROW,
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
      if (!isUtf8(block)) {
        for (const [index, part] of block.toString('latin1').split(LINE_END).entries()) {
          if (!isUtf8(Buffer.from(part, 'latin1'))) this.#notUtf8.add(line + index)
        }
      }
      const decoded = block.toString()
      line += lineEnds(decoded)
      return decoded
    }
    for await (const chunk of utf8Of(this.#chunks)) {
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
      this.#wrong({
        line: one,
        message: 'is not UTF-8 (perhaps Windows-1252, Excel’s plain “CSV”): save the file as “CSV UTF-8”',
      })
    if (cells.every((cell) => cell.trim() === '')) return
    if (!this.#header) {
      const last = cells.findLastIndex((cell) => cell.trim() !== '')
      this.#header = { line, cells: cells.slice(0, last + 1) }
      return
    }
    if (++this.count > MAX_ROWS) throw new Unreadable(`has more than ${MAX_ROWS} rows: split the file`, line)
    if (broken.length) return
    if (cells[0]?.startsWith(STOPPED)) {
      this.#wrong({ line, message: 'the export stopped here: export the file again' })
      return
    }
    const columns = this.#header.cells.length
    // spreadsheets leave the empty cells at the end of a row away, or add some
    const more = cells.slice(columns).some((cell) => cell.trim() !== '')
    const other = columns > 1 && cells.length === 1 && separatedBy(cells[0] ?? '', columns)
    if (!more && !other) {
      const whole =
        cells.length === columns ? cells : Array.from({ length: columns }, (_, at) => cells[at] ?? '')
      return { line, cells: whole }
    }
    const message = other
      ? `is separated by ${other}, and the header is not`
      : `has ${cells.length} columns, but the header has ${columns}`
    this.#wrong({ line, message })
  }
}

/** Where the parser is, and what has to be read again if it meets a quotation mark that is wrong. */
type Reading = {
  separator: string
  /** Lines at the beginning that are none of the table. */
  skip: number
  parser: Parser | null
  unread: string
  /** The line that `unread` begins at. */
  from: number
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
  return { line, message: `${flawOf(error)}; nothing from here on was read` }
}

const flawOf = ({ code }: CsvError) =>
  code === 'CSV_QUOTE_NOT_CLOSED' || code === 'CSV_MAX_RECORD_SIZE'
    ? 'a quotation mark that starts here does not end'
    : 'a quotation mark ends before its value does: double those within'

/** A text without so many of its first lines. */
function fromLine(text: string, lines: number): string {
  const ends = /\r\n|\n|\r/g
  for (let left = lines; left > 0; left--) if (!ends.exec(text)) return ''
  return text.slice(ends.lastIndex)
}

/** The line by which Excel is told what separates. */
const SAID = /^\uFEFF?"?sep=([^\w"\s]|\t)"?[^\S\r\n]*(?:\r\n|\n|\r)/i

/** What separates the names of the header. */
function separatorOf(text: string): string {
  const header = text.trimStart().split(LINE_END, 1)[0] ?? ''
  const unquoted = header.replace(/"[^"]*"/g, '')
  const count = (mark: string) => unquoted.split(mark).length
  return SEPARATORS.reduce<string>((best, mark) => (count(mark) > count(best) ? mark : best), ',')
}

const NAMED = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' }

/** What separates a line that should have so many cells; null where nothing does. */
function separatedBy(line: string, columns: number): string | null {
  const mark = SEPARATORS.find((mark) => line.split(mark).length === columns)
  return mark ? NAMED[mark] : null
}
