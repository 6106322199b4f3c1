import { z } from 'zod'
import { wholeNumber } from '#src/locale/instructions.ts'
import {
  asText,
  type Column,
  column,
  type Given,
  inputOf,
  type Kind,
  orNothing,
} from '#src/resource/kinds/column.ts'

const kind: Kind = {
  name: 'integer',
  type: 'integer',
  filter: () => ({ kind: 'integer' }),
  align: 'end',
  example: () => '1',
  cell: asText,
  control: inputOf('number'),
}

/** A whole number, or null. */
export function integer(label: string, given: Given & { min?: number; max?: number } = {}): Column {
  const { min = -2_147_483_648, max = 2_147_483_647, ...rest } = given
  const words = wholeNumber(min, max)
  const range = z.int(words).min(min, words).max(max, words)
  const typed = z
    .string()
    .regex(/^-?\d{1,10}$/, words)
    .transform(Number)
    .pipe(range)
  const number = z.union([range, typed], words)
  const schema = rest.required ? number : orNothing(number, words)
  return column(kind, label, { output: z.int().nullable(), initial: null, input: schema }, rest)
}
