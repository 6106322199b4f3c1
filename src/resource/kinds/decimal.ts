import { sql } from 'kysely'
import { z } from 'zod'
import { amount } from '#src/locale/instructions.ts'
import { type Column, column, type Given, type Kind, orNothing } from '#src/resource/kinds/column.ts'

type Options = Given & { places: number; min?: string; unit?: string }

/** Most digits before the decimal point. */
const DIGITS = 13

const kindOf = (places: number, unit = ''): Kind => ({
  name: 'decimal',
  type: 'numeric',
  filter: () => ({ kind: 'decimal' }),
  align: 'end',
  json: (value) => sql`${value}::text`,
  example: () => (0).toFixed(places),
  cell: (value) => (unit ? `${value} ${unit}` : String(value)),
  control: () => ({ input: 'text', inputmode: 'decimal', unit }),
})

/**
 * A number with a fixed number of places, as text end to end: input, storage, responses and files agree exactly, and no
 * float is involved. Lists filter by it but don't sort: the operators of `numeric` aren't leakproof, so no index serves
 * them under row security.
 */
export function decimal(label: string, { places, min, unit, ...given }: Options): Column {
  const words = amount(places, min)
  const pattern = new RegExp(`^-?\\d{1,${DIGITS}}(\\.\\d{1,${places}})?$`)
  const text = z
    .string(words)
    .trim()
    .regex(pattern, words)
    .transform((sent) => canonical(sent, places))
    .refine((sent) => min === undefined || compare(sent, canonical(min, places)) >= 0, words)
  // JSON numbers have only the digits of a double
  const number = z
    .number(words)
    .refine((sent) => String(sent).replace(/[-.]/g, '').length <= 15, words)
    .transform(String)
    .pipe(text)
  const value = z.union([text, number], words)
  const input = given.required ? value : orNothing(value, words)
  const output = z.string().meta({ format: 'decimal', examples: [(0).toFixed(places)] })
  return column(kindOf(places, unit), label, { output: output.nullable(), initial: null, input }, given)
}

/** An amount in one currency. */
export const money = (label: string, { currency, ...given }: Given & { currency: string }): Column =>
  decimal(label, { places: 2, unit: currency, ...given })

/** A unit price, with more places than an amount. */
export const price = (label: string, { currency, ...given }: Given & { currency: string }): Column =>
  decimal(label, { places: 4, min: '0', unit: currency, ...given })

/** A quantity in a declared unit. */
export const quantity = (
  label: string,
  { unit, places = 3, ...given }: Given & { unit: string; places?: number },
): Column => decimal(label, { places, min: '0', unit, ...given })

/** Canonical form: no leading zeros, all places, no negative zero. */
function canonical(sent: string, places: number): string {
  const [whole = '', part = ''] = sent.replace('-', '').split('.')
  const digits = `${whole.replace(/^0+(?=\d)/, '')}.${part.padEnd(places, '0')}`.replace(/\.$/, '')
  return sent.startsWith('-') && /[1-9]/.test(digits) ? `-${digits}` : digits
}

const scaled = (text: string) => BigInt(text.replace('.', ''))
/** Compares two with the same number of places. */
const compare = (one: string, other: string) => Number(scaled(one) - scaled(other))
