import { z } from 'zod'
import { isZone, zones } from '#src/locale/zones.ts'
import { asText, type Column, column, type Given, type Kind, orNothing } from '#src/resource/kinds/column.ts'

const kind: Kind = {
  name: 'time zone',
  type: 'text',
  filter: () => ({ kind: 'text' }),
  example: () => 'Europe/Vienna',
  cell: asText,
  control: () => ({
    options: ['UTC', ...zones].map((value) => ({ value, label: value.replaceAll('_', ' ') })),
  }),
}

/** A time zone by name, or null if none was chosen. */
export function timeZone(label: string, given: Given = {}): Column {
  const zone = z.string().max(100).refine(isZone, 'Choose a time zone')
  const input = given.required ? zone : orNothing(zone, 'Choose a time zone')
  return column(kind, label, { output: z.string().nullable(), initial: null, input }, given)
}
