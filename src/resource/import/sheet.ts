import { isUtf8 } from 'node:buffer'
import { setImmediate as others } from 'node:timers/promises'
import { CsvError, type Parser, parse } from 'csv-parse'
import { STOPPED } from '#src/http/stopped.ts'
import { Unreadable, utf8Of } from '#src/resource/import/bytes.ts'

/** A record of a file, and the physical line where it begins. */
export type SheetRow = { line: number; cells: readonly string[] }
/** An error in the file's format; a null line means the whole file. */
export type SheetError = { line: number | null; message: string }

export const MAX_ROWS = 200_000
const MAX_OF_ROW = 100_000
const LINE_END = /\r\n|\n|\r/
const PIECE = 64 * 1024
const SEPARATORS = [',', ';', '\t', '|'] as const
/** Most rows with a misplaced quotation mark; each costs rereading a piece of the file. */
const MAX_BROKEN = 100

const lineEnds = (text: string) => (/[\r\n]/.test(text) ? text.split(LINE_END).length - 1 : 0)

const range = (first: number, length: number) => Array.from({ length }, (_, index) => first + index)

/** The bytes of an in-memory file, in chunks small enough not to hold up other work. */
export function* piecesOf(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += PIECE) yield content.subarray(at, at + PIECE)
}

/**
 * Reads a CSV file (RFC 4180) as it arrives: UTF-8 or UTF-16, separated by commas, semicolons (Excel), tabs or bars,
 * with a header first. Reports every malformed row, not just the first, and leaves it out.
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
  /** The line where the next record begins. */
  #line = 1
  #broken = 0

  /** @param wrong called for each error, in line order */
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

  /** The column names; undefined if the file is empty. */
  async header(): Promise<SheetRow | undefined> {
    while (!this.#header) {
      const { value, done } = await this.#pieces.next()
      if (done) break
      this.#read.push(...value)
    }
    return this.#header
  }

  /** The rows below the header, in batches of at most `atOnce`. */
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
        // yields to other work
        await others()
      }
      if (reading) await this.#feed(reading, null, row)
    } catch (error) {
      // rows read before the error count
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
   * Parses a chunk of text, or the end. After a line with a misplaced quotation mark the rest is parsed again without
   * that line: otherwise the mark would swallow everything up to the next one.
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
        // without a header nothing is known about what follows
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

  /** Keeps the text that may have to be parsed again: everything since the current record began. */
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
      // a quotation mark within a cell, as for inches, is plain text; `trim` reports one that closes too early
      relax_quotes: true,
      trim: true,
      max_record_size: MAX_OF_ROW,
      // immediately: a stream drops its buffered records when a later one is malformed
      on_record: (cells: string[]) => {
        const found = this.#record(cells)
        if (found) row(found)
        return null
      },
    })
    // reported through the write callback
    return parser.on('error', () => {}).resume()
  }

  /** Whole lines at a time; lines that aren't valid UTF-8 are reported. */
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
    // spreadsheets drop empty cells at the end of a row, or add some
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

/** The parser's position, and the text to parse again after a misplaced quotation mark. */
type Reading = {
  separator: string
  /** Leading lines that aren't part of the table. */
  skip: number
  parser: Parser | null
  unread: string
  /** The line where `unread` begins. */
  from: number
}

/** Writes a text, or the end, to the parser and waits until it is parsed. */
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

/** A text without its first `lines` lines. */
function fromLine(text: string, lines: number): string {
  const ends = /\r\n|\n|\r/g
  for (let left = lines; left > 0; left--) if (!ends.exec(text)) return ''
  return text.slice(ends.lastIndex)
}

/** The line that tells Excel the separator. */
const SAID = /^\uFEFF?"?sep=([^\w"\s]|\t)"?[^\S\r\n]*(?:\r\n|\n|\r)/i

/** The separator of the header's names. */
function separatorOf(text: string): string {
  const header = text.trimStart().split(LINE_END, 1)[0] ?? ''
  const unquoted = header.replace(/"[^"]*"/g, '')
  const count = (mark: string) => unquoted.split(mark).length
  return SEPARATORS.reduce<string>((best, mark) => (count(mark) > count(best) ? mark : best), ',')
}

const NAMED = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' }

/** The separator that gives a line its expected number of cells; null if none does. */
function separatedBy(line: string, columns: number): string | null {
  const mark = SEPARATORS.find((mark) => line.split(mark).length === columns)
  return mark ? NAMED[mark] : null
}
