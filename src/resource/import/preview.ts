import { Sheet, type SheetRow } from '#src/resource/import/sheet.ts'

/** The beginning of a file: its column names, and values of the first rows. */
export type Preview = {
  header: readonly string[]
  examples: readonly (readonly string[])[]
  wrong: string | null
}

/** Bytes of a file used for the preview. */
export const HEAD = 64 * 1024
const EXAMPLES = 3

/** Previews a file from its beginning, which may be cut off anywhere. */
export async function previewOf(head: Buffer): Promise<Preview> {
  // the last line may be cut off, so its errors are ignored
  const end = head.lastIndexOf(10) + 1 || head.length
  let wrong: string | null = null
  const sheet = new Sheet([head.subarray(0, end)], ({ message }) => {
    wrong ??= message
  })
  const header = await sheet.header()
  const { value } = await sheet.rows(EXAMPLES).next()
  const rows: readonly SheetRow[] = value ?? []
  const cells = header?.cells ?? []
  return {
    header: cells,
    examples: cells.map((_, at) => rows.map((row) => row.cells[at] ?? '')),
    wrong: header ? null : wrong,
  }
}

/** The maximum number of rows in a file: its lines below the first. */
export function linesOf(content: Buffer): number {
  const end = content.includes(10) ? 10 : 13
  let lines = 0
  for (let at = content.indexOf(end); at >= 0 && at + 1 < content.length; at = content.indexOf(end, at + 1))
    lines++
  return lines
}
