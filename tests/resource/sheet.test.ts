import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Sheet, type SheetRow } from '#src/resource/import/sheet.ts'

/** What is read of a file that comes in pieces of some size: its rows, and what is wrong, in the order of its lines. */
async function read(content: string | Buffer, { piece = 64 * 1024, mostBytes = 1024 * 1024 } = {}) {
  const bytes = Buffer.from(content as string)
  const chunks = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, n) =>
    bytes.subarray(n * piece, (n + 1) * piece),
  )
  const errors: string[] = []
  const sheet = new Sheet(
    chunks,
    ({ line, message }) => errors.push(line === null ? message : `${line} ${message}`),
    {
      mostBytes,
    },
  )
  const header = await sheet.header()
  const rows: SheetRow[] = []
  for await (const some of sheet.rows(7)) rows.push(...some)
  return { header: header?.cells, rows: rows.map(({ line, cells }) => [line, ...cells]), errors }
}
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16()

const HEAD = 'code,name,note'
const right = (cells: (string | number)[][]) => ({ header: HEAD.split(','), rows: cells, errors: [] })

describe('a file may come', () => {
  const rows = [
    [2, 'a', 'Müller', '“x”'],
    [3, 'b', '日本', ''],
  ]
  const lines = ['code,name,note', 'a,Müller,“x”', 'b,日本,']
  const text = (separator: string, end: string) => lines.join(end).replaceAll(',', separator) + end

  it.each<[string, string | Buffer, number]>([
    ['with commas', text(',', '\n'), 0],
    ['with semicolons, CRLF and a mark of its encoding, as Excel writes it', `\uFEFF${text(';', '\r\n')}`, 0],
    ['with tabs', text('\t', '\n'), 0],
    ['with bars', text('|', '\n'), 0],
    ['with old line ends', text(',', '\r'), 0],
    ['with mixed line ends, and none at its end', 'code,name,note\r\na,Müller,“x”\nb,日本,', 0],
    ['with everything in quotation marks', '"code","name","note"\r\n"a","Müller","“x”"\r\n"b","日本",""', 0],
    ['with blanks around values', 'code , "name" ,note\n a,Müller ,“x”\n b ,"日本" , \n', 0],
    ['as the “Unicode Text” of Excel', Buffer.from(`\uFEFF${text('\t', '\r\n')}`, 'utf16le'), 0],
    ['in the other order of bytes', utf16be(`\uFEFF${text(';', '\n')}`), 0],
    ['in UTF-16 without a mark', Buffer.from(text(';', '\r\n'), 'utf16le'), 0],
    ['in UTF-16 without a mark, the other way round', utf16be(text(',', '\n')), 0],
    ['with a line that says what separates', `sep=;\r\n${text(';', '\r\n')}`, 1],
    ['with such a line, against what it looks like', 'sep=;\ncode;name;note\na;Müller;“x”\nb;日本;', 1],
    [
      'with such a line behind a mark, in UTF-16',
      Buffer.from(`\uFEFFsep=\t\n${text('\t', '\n')}`, 'utf16le'),
      1,
    ],
    ['with empty columns behind the last', 'code,name,note,,\na,Müller,“x”,,\nb,日本,,,\n', 0],
    ['with rows that lack their empty cells at the end', 'code,name,note\na,Müller,“x”\nb,日本\n', 0],
    ['with rows that have an empty cell more', 'code,name,note\na,Müller,“x”,\nb,日本,, ,\n', 0],
  ])('%s', async (_, content, later) => {
    const moved = rows.map(([line, ...cells]) => [Number(line) + later, ...cells])
    for (const piece of [1, 2, 3, 7, 64 * 1024])
      if (!/\r(?!\n)/.test(content.toString()) || piece > 3)
        expect(await read(content, { piece }), `${piece}`).toEqual(right(moved as never))
  })

  it('with a single cell in rows whose others are empty', async () => {
    expect(await read(`${HEAD}\na\n\n,b\n`)).toEqual(
      right([
        [2, 'a', '', ''],
        [4, '', 'b', ''],
      ]),
    )
  })

  it('with the inches of a pipe, and names that begin like a quotation', async () => {
    expect(await read(`${HEAD}\na,5" pipe,3" x 4"\nb,"6"" pipe",7"\nc,d" , "e" \n`)).toEqual(
      right([
        [2, 'a', '5" pipe', '3" x 4"'],
        [3, 'b', '6" pipe', '7"'],
        [4, 'c', 'd"', 'e'],
      ]),
    )
  })

  it('with letters that two pieces share', async () => {
    const name = (n: number) => `Ø日本${'é'.repeat(n % 7)}😀`
    const text = Array.from({ length: 2000 }, (_, n) => `p${n},${name(n)},`).join('\n')
    for (const encoding of ['utf8', 'utf16le'] as const) {
      const { rows, errors } = await read(Buffer.from(`\uFEFF${HEAD}\n${text}`, encoding), { piece: 1001 })
      expect(errors).toEqual([])
      expect(rows).toEqual(Array.from({ length: 2000 }, (_, n) => [n + 2, `p${n}`, name(n), '']))
    }
  })
})

describe('a quotation mark that is wrong costs its line, and nothing else:', () => {
  const ENDS = 'a quotation mark ends before its value does: double those within'
  const OPEN = 'a quotation mark that starts here does not end'

  it('one that ends too early', async () => {
    expect(await read(`${HEAD}\na,"Bau" Nord,x\nb,"y\nz",\nc,"x"y,\nd,,\n`)).toEqual({
      header: HEAD.split(','),
      rows: [
        [3, 'b', 'y\nz', ''],
        [6, 'd', '', ''],
      ],
      errors: [`2 ${ENDS}`, `5 ${ENDS}`],
    })
  })

  it('one that doesn’t end, and would take the rows up to the next for its value', async () => {
    const text = `${HEAD}\na,"5 pipe,x\nb,c,d\ne,"6 pipe,y\nf,g,"h"\ni,"j,k\nl,m,n\n`
    for (const piece of [5, 11, 64 * 1024])
      expect(await read(text, { piece })).toEqual({
        header: HEAD.split(','),
        rows: [
          [3, 'b', 'c', 'd'],
          [5, 'f', 'g', 'h'],
          [7, 'l', 'm', 'n'],
        ],
        errors: [`2 ${ENDS}`, `4 ${ENDS}`, `6 ${OPEN}`],
      })
  })

  it('up to a hundred times', async () => {
    const broken = Array.from({ length: 150 }, (_, n) => `${n},"x"y,`).join('\n')
    const { errors } = await read(`${HEAD}\n${broken}\n`)
    expect(errors).toHaveLength(101)
    expect(errors.at(-1)).toBe(`102 ${ENDS}; nothing from here on was read`)
  })

  it('in the header, nothing is known of what follows', async () => {
    expect(await read(`code,"na"me,note\na,b,c\n`)).toEqual({
      header: undefined,
      rows: [],
      errors: [`1 ${ENDS}; nothing from here on was read`],
    })
  })
})

describe('what is the trouble is named:', () => {
  it.each<[string, Buffer, string]>([
    [
      'a workbook',
      Buffer.from('PK\x03\x04\x14\0\x06\0\x08\0[Content_Types].xml', 'latin1'),
      'an Excel workbook (.xlsx)',
    ],
    [
      'a workbook that begins elsewhere',
      Buffer.from('PK\x03\x04\x14\0xl/workbook.xml', 'latin1'),
      'an Excel workbook (.xlsx)',
    ],
    [
      'a document',
      Buffer.from('PK\x03\x04\x14\0[Content_Types].xml\0\0PK\x03\x04word/document.xml', 'latin1'),
      'a Word document',
    ],
    [
      'a spreadsheet',
      Buffer.from('PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet', 'latin1'),
      'an OpenDocument spreadsheet (.ods)',
    ],
    ['an old workbook', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'an Excel workbook (.xls)'],
    ['a PDF', Buffer.from('%PDF-1.7\n%âãÏÓ\n'), 'a PDF'],
    ['an archive', Buffer.from('PK\x03\x04people.csv', 'latin1'), 'a ZIP archive'],
    ['a packed file', Buffer.from('1f8b0800', 'hex'), 'an archive'],
    ['a photo', Buffer.from('ffd8ffe0', 'hex'), 'an image'],
    ['a page', Buffer.from('\uFEFF\n<table><tr><td>code</td></tr></table>'), 'a web page (HTML)'],
    ['XML', Buffer.from('<?xml version="1.0"?><Workbook/>'), 'an XML file'],
    ['JSON', Buffer.from('[\n  {"code": "a"}\n]'), 'a JSON file'],
  ])('%s', async (_, content, what) => {
    expect(await read(content)).toEqual({
      header: undefined,
      rows: [],
      errors: [`This is ${what}, not CSV. Save it as “CSV UTF-8” and choose that file.`],
    })
  })

  it('not a file that only begins a little like another', async () => {
    for (const head of [
      'PK,name,note',
      '{code},name,note',
      '<code>,name,note',
      '[code],name,note',
      'GIF,%PDF,note',
    ])
      expect(await read(`${head}\na,b,c\n`)).toEqual({
        header: head.split(','),
        rows: [[2, 'a', 'b', 'c']],
        errors: [],
      })
  })

  it('another encoding, line by line', async () => {
    const WHAT = 'is not UTF-8 (perhaps Windows-1252, Excel’s plain “CSV”): save the file as “CSV UTF-8”'
    const latin1 = Buffer.from(`${HEAD}\r\na,Zoë,\r\nb,Bob,\r\nc,"\r\nJosé",\r\n`, 'latin1')
    const { rows, errors } = await read(latin1)
    expect([rows, errors]).toEqual([[[3, 'b', 'Bob', '']], [`2 ${WHAT}`, `5 ${WHAT}`]])
    const cut = Buffer.from(`\uFEFF${HEAD}\n`, 'utf16le').subarray(0, -1)
    expect((await read(cut)).errors).toEqual([
      'This is damaged UTF-16. Save it as “CSV UTF-8” and choose that file.',
    ])
  })

  it('another separator than the header’s, and cells that are too many', async () => {
    const { rows, errors } = await read(`${HEAD}\na;b;c\nd,e,f,g\nh\ti\tj\n`)
    expect([rows, errors]).toEqual([
      [],
      [
        '2 is separated by semicolons, and the header is not',
        '3 has 4 columns, but the header has 3',
        '4 is separated by tabs, and the header is not',
      ],
    ])
  })

  it('a file that is too large', async () => {
    const { errors } = await read(`${HEAD}\n${'a,b,c\n'.repeat(2000)}`, { mostBytes: 10_240 })
    expect(errors).toEqual(['The file is larger than 0.009765625 MB: split it.'])
    const long = await read(`${HEAD}\n${'a,,\n'.repeat(200_001)}`)
    expect(long.errors).toEqual(['200002 has more than 200000 rows: split the file'])
  }, 60_000)
})

it('any table comes back from its file, whatever separates', async () => {
  const cell = fc.oneof(
    fc.string({ unit: fc.constantFrom('"', ',', ';', '\t', '|', ' ', '=', "'", '\n', '\r\n', 'a', 'ü') }),
    fc.string({ unit: 'grapheme' }),
  )
  const table = fc.array(fc.tuple(cell, cell, cell), { maxLength: 12 })
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
  await fc.assert(
    fc.asyncProperty(
      table,
      fc.constantFrom(',', ';', '\t', '|'),
      fc.integer({ min: 1, max: 50 }),
      async (cells, separator, piece) => {
        const text = [HEAD.split(','), ...cells].map((row) => row.map(quoted).join(separator)).join('\r\n')
        const { rows, errors } = await read(text, { piece })
        expect(errors).toEqual([])
        const filled = cells.filter((row) => row.some((one) => one.trim()))
        expect(rows.map(([, ...row]) => row)).toEqual(filled)
      },
    ),
    { numRuns: 200 },
  )
})
