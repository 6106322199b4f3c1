import { z } from 'zod'
import { atMost, DAY, INSTANT, oneOf, wholeNumber, YES_OR_NO } from '#src/locale/instructions.ts'

/**
 * One filter of a list: a set of values (several by comma), or a typed column. `column` defaults to the filter's name;
 * null if the list handles the value itself.
 */
export type FilterDeclaration = readonly string[] | Typed

type Typed =
  | { kind: 'choice'; values: readonly string[]; column?: string | null }
  | {
      kind: 'uuid' | 'boolean' | 'text' | 'tags' | 'integer' | 'decimal' | 'date' | 'instant'
      column?: string | null
    }

const operators = { '': '=', '.gte': '>=', '.gt': '>', '.lte': '<=', '.lt': '<' } as const

/** One condition of a query string, for `filtered`, with values of the type `cast`. */
export type Condition = {
  /** As in the URL: `status`, `created_at.gte`. */
  name: string
  column: string
  op: 'in' | (typeof operators)[keyof typeof operators]
  values: readonly string[]
  cast: 'text' | 'uuid' | 'boolean' | 'bigint' | 'numeric' | 'date' | 'timestamptz'
}

const casts = {
  choice: 'text',
  text: 'text',
  tags: 'text',
  uuid: 'uuid',
  boolean: 'boolean',
  integer: 'bigint',
  decimal: 'numeric',
  date: 'date',
  instant: 'timestamptz',
} as const satisfies Record<Typed['kind'], Condition['cast']>

/** A query field, and the condition for its values. */
export type Parameter = {
  name: string
  schema: z.ZodType<string[] | undefined>
  condition: (values: readonly string[]) => Condition | null
}

/** The query fields of a filter. */
export function parametersOf(filter: string, declaration: FilterDeclaration): Parameter[] {
  const declared: Typed =
    'kind' in declaration ? (declaration as Typed) : { kind: 'choice', values: declaration }
  const { kind, column = filter } = declared
  const schema = kind === 'choice' ? choice(declared.values) : typed[kind]
  const ordered = kind === 'integer' || kind === 'decimal' || kind === 'date' || kind === 'instant'
  const several = kind === 'choice' || kind === 'uuid' || kind === 'tags'
  return Object.entries(operators)
    .filter(([suffix]) => ordered || suffix === '')
    .map(([suffix, op]) => ({
      name: filter + suffix,
      schema,
      condition: (values) =>
        column === null
          ? null
          : { name: filter + suffix, column, op: several ? 'in' : op, values, cast: casts[kind] },
    }))
}

const list = () => z.string().transform((text) => text.split(',').filter(Boolean))
/** Treats an empty form field as absent. */
const some = (values: string[]) => (values.length ? values : undefined)

/** JSON schema of a comma-separated field. */
const listOf = (items: object, description: string) => ({ type: 'array', items, description })

const choice = (values: readonly string[]) =>
  list()
    .refine((given) => given.every((value) => values.includes(value)), oneOf(values))
    .transform(some)
    .meta(
      values.length > 1
        ? listOf({ type: 'string', enum: values }, 'One or more, separated by commas.')
        : { enum: values, description: `${values}, or empty.` },
    )

/** Normalizes a tag, for storing and searching. */
export const asTag = (text: string) => text.normalize('NFKC').trim().toLowerCase()

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const one = (fits: (text: string) => boolean, message: string, told: object) =>
  z
    .string()
    .refine((text) => text === '' || fits(text), message)
    .transform((text) => some([text].filter(Boolean)))
    .meta({ ...told })

const typed = {
  uuid: list()
    .transform((ids) => ids.map((id) => id.toLowerCase()))
    .refine((ids) => ids.length <= 200 && ids.every((id) => UUID.test(id)), 'Enter at most 200 IDs')
    .transform(some)
    .meta(listOf({ type: 'string', format: 'uuid' }, 'One or more IDs, separated by commas.')),
  boolean: one((text) => text === 'true' || text === 'false', YES_OR_NO, {
    type: 'boolean',
    description: 'true or false.',
  }),
  text: one((text) => text.length <= 200, atMost(200), { description: 'Exact match.' }),
  tags: list()
    .transform((tags) => [...new Set(tags.map(asTag).filter(Boolean))])
    .refine((tags) => tags.length <= 50 && tags.every((tag) => tag.length <= 50), 'Enter at most 50 tags')
    .transform(some)
    .meta(
      listOf({ type: 'string' }, 'One or more tags, separated by commas; records with any of them match.'),
    ),
  integer: one((text) => /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)), wholeNumber(), {
    type: 'integer',
    description: 'A whole number.',
  }),
  decimal: one((text) => /^-?\d{1,13}(\.\d{1,10})?$/.test(text), 'Enter a number', {
    type: 'number',
    description: 'A number, with a point before its places.',
  }),
  date: one(isDay, DAY, { format: 'date', description: 'A day like 2026-01-31.' }),
  instant: z
    .string()
    // an unescaped + in a URL arrives as a space
    .transform((text) => text.toUpperCase().replace(/ (\d\d:\d\d)$/, '+$1'))
    .refine((text) => text === '' || isInstant(text), INSTANT)
    .transform((text) => some([text].filter(Boolean)))
    .meta({ description: 'A time like 2026-01-31T12:00:00Z, or a whole day in your time zone.' }),
}

/** Whether a text is an existing date in a year that both PostgreSQL and RFC 3339 allow. */
export function isDay(text: string): boolean {
  if (!/^(?!0000)\d{4}-\d\d-\d\d$/.test(text)) return false
  const day = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}

function isInstant(text: string): boolean {
  const [day = '', time] = text.split('T')
  const clock = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/
  return isDay(day) && (time === undefined || clock.test(time))
}
