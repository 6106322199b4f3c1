import { z } from 'zod'
import { locales } from '#src/locale/locales.ts'
import { type Column, column, type Given, type Kind, orNothing } from '#src/resource/kinds/column.ts'

const names = new Intl.DisplayNames('en', { type: 'language', languageDisplay: 'standard' })
const labelOf = (value: string) => names.of(value) ?? value

const kind: Kind = {
  name: 'language',
  type: 'text',
  filter: () => ({ kind: 'text' }),
  example: () => 'de-AT',
  cell: (value) => labelOf(String(value)),
  control: () => ({ options: locales.map((value) => ({ value, label: labelOf(value) })) }),
}

/** A locale (language and region), or null if none was chosen. */
export function language(label: string, given: Given = {}): Column {
  const chosen = z.enum(locales, 'Choose a language')
  const input = given.required ? chosen : orNothing(chosen, 'Choose a language')
  return column(kind, label, { output: z.string().nullable(), initial: null, input }, given)
}
