/** The rest of the file can't be read. */
export class Unreadable extends Error {
  readonly line: number | null
  constructor(message: string, line: number | null = null) {
    super(message)
    this.line = line
  }
}

/** Files mistaken for CSV: their first bytes, what else the beginning contains, what they are. First match wins. */
const others: readonly (readonly [begins: string | RegExp, has: RegExp | null, what: string])[] = [
  ['PK\x03\x04', /\bword\//, 'a Word document'],
  ['PK\x03\x04', /\[Content_Types\]\.xml|\bxl\//, 'an Excel workbook (.xlsx)'],
  ['PK\x03\x04', /opendocument\.spreadsheet/, 'an OpenDocument spreadsheet (.ods)'],
  ['PK\x03\x04', null, 'a ZIP archive'],
  ['\xd0\xcf\x11\xe0', null, 'an Excel workbook (.xls)'],
  ['%PDF-', null, 'a PDF'],
  ['\x1f\x8b', null, 'an archive'],
  ['7z\xbc\xaf', null, 'an archive'],
  ['Rar!', null, 'an archive'],
  ['\x89PNG', null, 'an image'],
  ['\xff\xd8\xff', null, 'an image'],
  ['{\\rtf', null, 'a text document (.rtf)'],
  [/^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|meta|body|table)\b/i, null, 'a web page (HTML)'],
  [/^(\xef\xbb\xbf)?\s*<\?xml\b/i, null, 'an XML file'],
  [/^(\xef\xbb\xbf)?\s*(\{\s*"|\[\s*[{[])/, null, 'a JSON file'],
]

const isOther = (bytes: string, [begins, has]: (typeof others)[number]) =>
  (typeof begins === 'string' ? bytes.startsWith(begins) : begins.test(bytes)) && (!has || has.test(bytes))

/** Detects UTF-16 without a byte order mark: one byte of every Latin letter is zero. */
function utf16Of([first, second, third, fourth]: Buffer): 'utf-16le' | 'utf-16be' | null {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  if (first && second === 0 && third && fourth === 0) return 'utf-16le'
  return first === 0 && second && third === 0 && fourth ? 'utf-16be' : null
}

/** Bytes needed to tell what a file is. */
const ENOUGH = 512

/**
 * The bytes of a file as UTF-8, converted from UTF-16 if necessary, which Excel calls “Unicode Text”.
 * @throws {Unreadable} naming the kind of file, if it isn't text
 */
export async function* utf8Of(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer[] = []
  let size = 0
  let decode: ReturnType<typeof begun> | undefined
  for await (const chunk of chunks) {
    if (decode) {
      yield decode(chunk)
      continue
    }
    head.push(chunk)
    size += chunk.length
    if (size < ENOUGH) continue
    const all = Buffer.concat(head)
    head = []
    decode = begun(all)
    yield decode(all)
  }
  const all = Buffer.concat(head)
  decode ??= begun(all)
  yield decode(all)
  yield decode()
}

/** The converter to UTF-8 for a file with this beginning, called for each chunk and at the end. */
function begun(head: Buffer): (chunk?: Buffer) => Buffer {
  const bytes = head.toString('latin1')
  const other = others.find((one) => isOther(bytes, one))
  if (other)
    throw new Unreadable(`This is ${other[2]}, not CSV. Save it as “CSV UTF-8” and choose that file.`)
  const encoding = utf16Of(head)
  if (!encoding) return (chunk = Buffer.alloc(0)) => chunk
  const decoder = new TextDecoder(encoding, { fatal: true })
  return (chunk) => {
    try {
      return Buffer.from(decoder.decode(chunk, { stream: chunk !== undefined }))
    } catch {
      throw new Unreadable('This is damaged UTF-16. Save it as “CSV UTF-8” and choose that file.')
    }
  }
}
