import { z } from 'zod'

/**
 * One filter of a list: some words (several by comma), or a typed column. `column` is the filter's name unless it is
 * said; null where the list itself looks at the value.
 */
export type FilterDeclaration = readonly string[] | Typed

type Typed =
  | { kind: 'choice'; values: readonly string[]; column?: string | null }
  | { kind: 'uuid' | 'boolean' | 'text' | 'tags' | 'integer' | 'date' | 'instant'; column?: string | null }

const operators = { '': '=', '.gte': '>=', '.gt': '>', '.lte': '<=', '.lt': '<' } as const

/** One condition of an address, for `filtered`: its values are of the type `cast`. */
export type Condition = {
  /** As in the address: `status`, `created_at.gte`. */
  name: string
  column: string
  op: 'in' | (typeof operators)[keyof typeof operators]
  values: readonly string[]
  cast: 'text' | 'uuid' | 'boolean' | 'bigint' | 'date' | 'timestamptz'
}

const casts = {
  choice: 'text',
  text: 'text',
  tags: 'text',
  uuid: 'uuid',
  boolean: 'boolean',
  integer: 'bigint',
  date: 'date',
  instant: 'timestamptz',
} as const satisfies Record<Typed['kind'], Condition['cast']>

/** A field of the address, and what it makes of its values. */
export type Parameter = {
  name: string
  schema: z.ZodType<string[] | undefined>
  condition: (values: readonly string[]) => Condition | null
}

/** The fields that a filter has in the address. */
export function parametersOf(filter: string, declaration: FilterDeclaration): Parameter[] {
  const declared: Typed =
    'kind' in declaration ? (declaration as Typed) : { kind: 'choice', values: declaration }
  const { kind, column = filter } = declared
  const schema = kind === 'choice' ? choice(declared.values) : typed[kind]
  const ordered = kind === 'integer' || kind === 'date' || kind === 'instant'
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
/** An empty field of a form is none. */
const some = (values: string[]) => (values.length ? values : undefined)

const choice = (values: readonly string[]) =>
  list()
    .refine((given) => given.every((value) => values.includes(value)), `must be among ${values.join(', ')}`)
    .transform(some)
    .meta({
      description:
        values.length > 1 ? `Among ${values.join(', ')}; several by comma.` : `${values}, or nothing.`,
    })

/** How a tag is stored and looked for: one form for all its spellings. */
export const asTag = (text: string) => text.normalize('NFKC').trim().toLowerCase()

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const one = (fits: (text: string) => boolean, message: string, like: string) =>
  z
    .string()
    .refine((text) => text === '' || fits(text), message)
    .transform((text) => some([text].filter(Boolean)))
    .meta({ description: like })

const typed = {
  uuid: list()
    .transform((ids) => ids.map((id) => id.toLowerCase()))
    .refine((ids) => ids.length <= 200 && ids.every((id) => UUID.test(id)), 'must be ids, at most 200')
    .transform(some)
    .meta({ description: 'An id; several by comma.' }),
  boolean: one((text) => text === 'true' || text === 'false', 'must be true or false', 'true or false.'),
  text: one((text) => text.length <= 200, 'has at most 200 characters', 'Exactly this.'),
  tags: list()
    .transform((tags) => [...new Set(tags.map(asTag).filter(Boolean))])
    .refine((tags) => tags.length <= 50 && tags.every((tag) => tag.length <= 50), 'must be tags, at most 50')
    .transform(some)
    .meta({ description: 'A tag; several by comma, of which a record has one or more.' }),
  integer: one(
    (text) => /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)),
    'must be a whole number',
    'A whole number.',
  ),
  date: one(isDay, 'must be a day like 2026-01-31', 'A day like 2026-01-31.'),
  instant: z
    .string()
    // a + of the address that nobody escaped is a space
    .transform((text) => text.toUpperCase().replace(/ (\d\d:\d\d)$/, '+$1'))
    .refine((text) => text === '' || isInstant(text), 'must be an instant like 2026-01-31T12:00:00Z')
    .transform((text) => some([text].filter(Boolean)))
    .meta({ description: 'An instant like 2026-01-31T12:00:00Z, or a day in your own time zone, whole.' }),
}

/** A day that there is, of years that PostgreSQL and RFC 3339 both have. */
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
