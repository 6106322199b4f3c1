import { z } from 'zod'
import { asText, type Column, column, type Given, inputOf, type Kind } from '#src/resource/kinds/column.ts'
import { anyLine, line, lines, shownLine } from '#src/resource/kinds/lines.ts'

const kind: Kind = {
  name: 'text',
  type: 'text',
  filter: () => ({ kind: 'text' }),
  sortedBy: (name) => `sort_${name}`,
  text: true,
  verbatim: true,
  example: ({ label }) => label,
  cell: asText,
  control: inputOf('text'),
}

/**
 * Text: one line, or several with `rows`. Sorted by its folded form `sort_<name>` unless another column is named.
 */
export function text(label: string, given: Given & { max?: number; rows?: number } = {}): Column {
  const { max = given.rows ? 10_000 : 200, rows, ...rest } = given
  const schema = rows ? lines(max) : line(max)
  const needed = rest.required ? schema.pipe(z.string().min(1)) : schema
  const values = { output: z.string(), initial: '', input: needed }
  return column(kind, label, values, rest, { rows, listed: !rows })
}

/** A record's name: names that read the same count as equal. */
export function name(label = 'Name', { max = 100, ...given }: Given & { max?: number } = {}): Column {
  const schema = anyLine(max)
    .overwrite((sent) => sent.normalize('NFC').replace(/\s+/gu, ' '))
    .pipe(shownLine(max).min(1))
  const values = { output: z.string(), initial: '', input: schema }
  return column(kind, label, values, { required: true, sortable: true, ...given })
}
