import type { z } from 'zod'
import { flawOf } from '#src/http/text.ts'
import type { Resource } from '#src/resource/entity.ts'
import type { Field } from '#src/resource/import/columns.ts'
import type { Cells, Wrong } from '#src/resource/import/import.ts'
import type { Column } from '#src/resource/kinds/column.ts'

/** The fields a file may have: those in the body of a new record. */
export function fieldsOf({ columns }: Resource, body: z.ZodType): Field[] {
  const shape = shapeOf(body)
  return Object.entries(columns).flatMap(([name, column]) => {
    const { label, required, write } = column
    const taken = write !== 'never' && (!shape || name in shape)
    return taken ? [{ name, label, required, example: column.kind.example(column) }] : []
  })
}

/** The schemas of a body's fields, if it is an object. */
const shapeOf = (body: z.ZodType) => (body as { shape?: Readonly<Record<string, z.ZodType>> }).shape

/** A cell as a value of a body; undefined if it is empty. */
function valueIn(column: Column, cell: string): string | undefined {
  const { kind, required } = column
  if (kind.verbatim) return cell
  const value = cell.trim()
  if (value === '' && !required) return undefined
  return kind.fromFile?.(value, column) ?? value
}

/** Validates a row as a new record: its valid values, complete if there are no errors, and its errors. */
export function readCells(
  { columns }: Resource,
  body: z.ZodType,
  cells: Cells,
): { values: Record<string, unknown>; whole: boolean; wrong: Wrong[] } {
  const sent: Record<string, string> = {}
  const wrong: Wrong[] = []
  for (const [name, cell] of Object.entries(cells)) {
    const value = valueIn(columns[name] as Column, cell)
    const flaw = flawOf(value ?? '')
    if (flaw) wrong.push({ field: name, message: flaw })
    else if (value !== undefined) sent[name] = value
  }
  const blamed = new Set(wrong.map(({ field }) => field))
  const parsed = body.safeParse(sent)
  if (parsed.success && !wrong.length)
    return { values: parsed.data as Record<string, unknown>, whole: true, wrong }
  for (const { path, message } of parsed.error?.issues ?? []) {
    const field = path.length ? String(path[0]) : null
    if (!blamed.has(field)) wrong.push({ field, message })
  }
  return { values: right(body, sent), whole: false, wrong }
}

/** The valid fields of an invalid row, for further checks. */
function right(body: z.ZodType, sent: Readonly<Record<string, string>>): Record<string, unknown> {
  const shape = shapeOf(body) ?? {}
  return Object.fromEntries(
    Object.entries(sent).flatMap(([name, value]) => {
      const parsed = shape[name]?.safeParse(value)
      return parsed?.success ? [[name, parsed.data]] : []
    }),
  )
}
