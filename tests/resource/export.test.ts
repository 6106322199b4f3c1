import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RecordRow } from '#src/resource/entity.ts'
import { csvOf, exportedColumns, fromCell } from '#src/resource/export.ts'
import { vendors } from '#tests/vendors/model.ts'

/** Texts with all that spreadsheets and CSV stumble over. */
const text = fc.oneof(
  fc.string({
    unit: fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', '\n', '"', ',', ';', ' ', 'a', 'ü', '＝'),
  }),
  fc.string({ unit: 'grapheme' }),
)

async function written(rows: Partial<RecordRow>[]): Promise<string[][]> {
  async function* pieces() {
    for (const row of rows) yield [row as RecordRow]
  }
  let file = ''
  for await (const piece of csvOf(vendors, pieces())) file += piece
  return parse(file, { relax_column_count: false, record_delimiter: ['\r\n', '\n', '\r'] })
}

test('every text comes back from its cell, and no cell is a formula', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ name: text, notes: text }), { maxLength: 20 }), async (rows) => {
      const [head = [], ...lines] = await written(rows.map((row) => ({ id: 'x', ...row })))
      expect(head).toEqual(exportedColumns(vendors))
      const at = (line: string[], name: string) => line[head.indexOf(name)] ?? ''
      expect(
        lines.map((line) => ({ name: fromCell(at(line, 'name')), notes: fromCell(at(line, 'notes')) })),
      ).toEqual(rows)
      for (const line of lines) for (const cell of line) expect(cell).not.toMatch(/^[=+\-@＝\t\r\n]/)
    }),
    { numRuns: 300 },
  )
})

test('numbers, days, flags and nothing stand as they are', async () => {
  const row = { id: 'x', rating: -3, preferred: false, since: '2026-01-31', email: null, name: '-3' }
  const [head = [], line = []] = await written([row])
  const cells = Object.fromEntries(head.map((name, at) => [name, line[at]]))
  expect(cells).toMatchObject({
    rating: '-3',
    preferred: 'false',
    since: '2026-01-31',
    email: '',
    name: "'-3",
  })
})
