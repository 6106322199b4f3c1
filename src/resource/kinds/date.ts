import { z } from 'zod'
import { DAY } from '#src/locale/instructions.ts'
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
  name: 'date',
  type: 'date',
  filter: () => ({ kind: 'date' }),
  descends: true,
  example: () => '2026-01-31',
  cell: asText,
  control: inputOf('date'),
}

/** A date, or null. */
export function date(label: string, given: Given = {}): Column {
  const day = z.iso.date({ error: DAY, abort: true }).refine((sent) => sent > '0001', DAY)
  const schema = given.required ? day : orNothing(day, DAY)
  return column(kind, label, { output: z.iso.date().nullable(), initial: null, input: schema }, given)
}
