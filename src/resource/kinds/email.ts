import { z } from 'zod'
import { EMAIL } from '#src/locale/instructions.ts'
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
  name: 'email',
  type: 'text',
  filter: () => ({ kind: 'text' }),
  text: true,
  example: () => 'name@example.com',
  cell: asText,
  control: inputOf('email'),
}

/** A normalized e-mail address, or null. */
export function email(label: string, given: Given = {}): Column {
  const address = z
    .string(EMAIL)
    .transform((sent) => sent.normalize('NFKC').trim().toLowerCase())
    .pipe(z.string().max(254).pipe(z.email()))
  const schema = given.required ? address : orNothing(address, EMAIL)
  return column(kind, label, { output: z.string().nullable(), initial: null, input: schema }, given)
}
