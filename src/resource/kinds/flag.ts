import { z } from 'zod'
import { YES_OR_NO } from '#src/locale/instructions.ts'
import { type Column, column, type Given, type Kind } from '#src/resource/kinds/column.ts'

const words = new Map([
  ['yes', 'true'],
  ['no', 'false'],
])

const kind: Kind = {
  name: 'flag',
  type: 'boolean',
  filter: () => ({ kind: 'boolean' }),
  values: () => ['true', 'false'],
  // a flag's chips stand alone, so they name the flag
  labels: ({ label, labels }) =>
    labels ?? { true: label, false: `Not ${label.charAt(0).toLowerCase()}${label.slice(1)}` },
  example: () => 'true',
  // spreadsheets write TRUE for true
  fromFile: (cell) => words.get(cell.toLowerCase()) ?? cell.toLowerCase(),
  cell: (value) => (value ? 'Yes' : 'No'),
  control: () => ({ box: true }),
}

/** Yes or no. A form sends "false" before the checkbox, so that an unchecked one is sent, too. */
export function flag(label: string, given: Given & { initial?: boolean } = {}): Column {
  const { initial = false, ...rest } = given
  const word = z.enum(['true', 'false']).transform((sent) => sent === 'true')
  const both = z.array(z.enum(['true', 'false'])).transform((sent) => sent.includes('true'))
  const schema = z.union([z.boolean(), word, both], YES_OR_NO)
  return column(kind, label, { output: z.boolean(), initial, input: schema }, rest)
}
