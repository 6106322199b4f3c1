import { z } from 'zod'
import { capital } from '#src/locale/noun.ts'
import { type Column, column, type Given, type Kind, type Tone } from '#src/resource/kinds/column.ts'

const labelOf = ({ labels = {} }: Column, value: string) => labels[value] ?? capital(value)

const kind: Kind = {
  name: 'choice',
  type: 'text',
  filter: ({ options = [] }) => options,
  values: ({ options = [] }) => options,
  labels: (column) =>
    Object.fromEntries((column.options ?? []).map((value) => [value, labelOf(column, value)])),
  example: ({ options = [] }) => options[0] ?? '',
  // people write a choice's label
  fromFile: (cell, { options = [], labels = {} }) => {
    const lower = cell.toLowerCase()
    if (options.includes(cell)) return cell
    return options.find((option) => [option, labels[option]?.toLowerCase()].includes(lower)) ?? cell
  },
  cell: (value, column) => ({
    badge: labelOf(column, String(value)),
    tone: column.tones?.[String(value)] ?? 'plain',
  }),
  control: (column) => ({
    options: (column.options ?? []).map((value) => ({ value, label: labelOf(column, value) })),
  }),
}

type Choosing<V extends string> = Given & {
  initial?: V
  labels?: Record<V, string>
  tones?: Partial<Record<V, Tone>>
  ends?: { from: V; to: V; at: string }
}

/** One of a fixed set of values. */
export function choice<const V extends string>(
  label: string,
  options: readonly [V, ...V[]],
  { initial = options[0], labels, tones, ends, ...given }: Choosing<V> = {},
): Column {
  const schema = z.enum(options)
  const more = { options, labels, tones: tones as Column['tones'], ends }
  return column(kind, label, { output: schema, initial, input: schema }, given, more)
}
