import fc from 'fast-check'
import { pointed, type Schema } from '#tests/http/conformance.ts'

/** Ids that a field of this name may hold. */
export type Ids = (name: string) => readonly string[]

const DEEPEST = 6
const at = (schema: Schema, keyword: string) => schema[keyword] as never

/** Values that a schema of the document lets through, as far as it says so. */
export function valid(schema: Schema, ids: Ids, name = '', depth = 0): fc.Arbitrary<unknown> {
  const inner = (part: Schema, of = name) => valid(part, ids, of, depth + 1)
  if (schema.$ref) return inner(pointed(schema))
  if (depth > DEEPEST) return fc.constant(null)
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...(schema.enum as unknown[]))
  const several = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined
  if (several) return fc.oneof(...several.map((part) => inner(part)))
  switch (schema.type) {
    case 'string':
      return text(schema, ids(name))
    case 'integer':
      return fc.integer({ min: -1000, max: 1000, ...within(schema) })
    case 'number':
      return fc.double({ min: -1000, max: 1000, noNaN: true, ...within(schema) })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(inner((at(schema, 'items') ?? {}) as Schema), {
        minLength: at(schema, 'minItems') ?? 0,
        maxLength: Math.min(at(schema, 'maxItems') ?? 3, Math.max(3, at(schema, 'minItems') ?? 0)),
      })
    case 'object': {
      const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>)
      const required = (schema.required ?? []) as string[]
      const record = Object.fromEntries(properties.map(([key, part]) => [key, inner(part, key)]))
      // few of what may be left out, so that one that nobody can guess doesn't spoil all
      const others = Object.keys(record).filter((key) => !required.includes(key))
      const of = (keys: readonly string[]) =>
        fc.record(Object.fromEntries(keys.map((key) => [key, record[key] as fc.Arbitrary<unknown>])), {
          noNullPrototype: true,
        })
      return fc
        .subarray(others, { maxLength: Math.min(2, others.length) })
        .chain((some) => of([...required, ...some]))
    }
    default:
      return fc.jsonValue({ maxDepth: 1 })
  }
}

/** What a schema says of a number's range. */
const within = ({ minimum, maximum }: Schema) => ({
  ...(minimum === undefined ? {} : { min: Number(minimum), max: Math.max(1000, Number(minimum)) }),
  ...(maximum === undefined ? {} : { max: Number(maximum) }),
})

function text(schema: Schema, known: readonly string[]): fc.Arbitrary<string> {
  const { format, pattern } = schema
  const minLength = Number(schema.minLength ?? 0)
  const maxLength = Math.min(Number(schema.maxLength ?? 40), Math.max(40, minLength))
  if (format === 'uuid')
    return known.length ? fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, fc.uuid()) : fc.uuid()
  if (format === 'date-time') return instant
  if (format === 'date') return instant.map((when) => when.slice(0, 10))
  if (format === 'email') return letters.map((word) => `${word}@example.com`)
  if (typeof pattern === 'string') {
    const found = matching(pattern).map((text) => [...text].slice(0, maxLength).join(''))
    // names that can't be seen, which no pattern tells, are refused
    return new RegExp(pattern, 'u').test('a1') ? fc.oneof(letters, found) : found
  }
  return fc.oneof(letters, fc.string({ minLength, maxLength, unit: 'grapheme' }))
}

export const letters = fc.stringMatching(/^[a-z0-9]{1,12}$/)

const made = new Map<string, fc.Arbitrary<string>>()
/** Made once for each pattern: letters of all scripts take long to count. */
function matching(pattern: string): fc.Arbitrary<string> {
  const known = made.get(pattern) ?? fc.stringMatching(new RegExp(pattern, 'u'), { size: 'small' })
  made.set(pattern, known)
  return known
}

const instant = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString())

/** What nobody expects in a field. */
export const junk: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  ...[null, true, 0, -1, 1.5, 2 ** 31, 2 ** 53, 1e300, '', ' ', '\0', 'x'.repeat(3000), "' or 1=1 --"],
  ...[
    '__proto__',
    '\ud800',
    '2026-02-30',
    '0000-01-01',
    'NaN',
    '%',
    '🦕',
    'null',
    '00000000-0000-7000-8000-000000000000',
  ],
  ...[[], {}, [[]], [null], { a: 1 }, ['x', 'x'], { toString: 1 }, { length: 9 }],
)

/** A value with something wrong in it: a field replaced, left out, or one too many. */
export const mutated = (values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(values, junk, fc.nat(20), fc.constantFrom('replaced', 'left out', 'too many', 'whole'))
    .map(([value, odd, index, how]) => {
      if (typeof value !== 'object' || value === null || how === 'whole') return odd
      const copy: Record<string, unknown> = { ...value }
      const keys = Object.keys(copy)
      const key = keys[index % Math.max(1, keys.length)]
      if (how === 'too many' || key === undefined) copy.surprise = odd
      else if (how === 'left out') delete copy[key]
      else copy[key] = odd
      return copy
    })
