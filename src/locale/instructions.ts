import { z } from 'zod'
import { withArticle } from '#src/locale/noun.ts'

type Issue = Pick<z.core.$ZodRawIssue, 'code' | 'input'> & {
  path?: readonly PropertyKey[] | undefined
} & Record<string, unknown>

const nouns: Readonly<Record<string, string>> = {
  email: 'e-mail address',
  username: 'user name',
  slug: 'short name',
  q: 'search',
  'owner user': 'owner',
  ids: 'records',
}
/** Whether a path segment is a field's name, not an index or a user's key. */
const FIELD = /^[a-z][a-z_]*$/

function nounOf(path: readonly PropertyKey[] = []): { noun: string; chosen: boolean } {
  const name =
    path
      .filter((step) => FIELD.test(String(step)))
      .at(-1)
      ?.toString() ?? ''
  const chosen = /._ids?$/.test(name)
  const one = typeof path.at(-1) === 'number' ? name.replace(/s$/, '') : name
  const bare = one.replace(/(?<=.)_id(?=s?$)/, '').replaceAll('_', ' ')
  return { noun: nouns[bare] ?? (bare || 'value'), chosen }
}

const isMany = (noun: string) => /[^su]s$/.test(noun)
const asked = (noun: string) => (isMany(noun) ? noun : withArticle(noun))

export function missing(path?: readonly PropertyKey[]): string {
  const { noun, chosen } = nounOf(path)
  return `${chosen ? 'Choose' : 'Enter'} ${asked(noun)}`
}

export const DAY = 'Enter a day like 2026-01-31'
export const INSTANT = 'Enter a date and time like 2026-01-31T12:00:00Z'
export const EMAIL = 'Enter an e-mail address like name@example.com'
export const YES_OR_NO = 'Choose true or false'
export const UNKNOWN_FIELD = 'Leave this out; there is no such field'

const number = new Intl.NumberFormat('en', { useGrouping: false })
const counted = (count: unknown, one: string) => `${count} ${one}${Number(count) === 1 ? '' : 's'}`

export const atMost = (most: number) => `Use at most ${counted(most, 'character')}`
export const oneOf = (values: readonly unknown[]) =>
  values.length === 1 ? `Choose ${values[0]}` : `Choose one of ${values.join(', ')}`

/** Omits bounds that only come from the number's type. */
export function wholeNumber(min = -Infinity, max = Infinity): string {
  const [low, high] = [min > -1e9, max < 1e9]
  if (low && high) return `Enter a whole number from ${number.format(min)} to ${number.format(max)}`
  if (low) return `Enter a whole number, ${number.format(min)} or more`
  return high ? `Enter a whole number, ${number.format(max)} or less` : 'Enter a whole number'
}

export const amount = (places: number, min?: string) =>
  `Enter a number with up to ${places} decimal places${min === undefined ? '' : `, ${min} or more`}`

const types: Readonly<Record<string, string>> = {
  string: 'Enter text',
  number: 'Enter a number',
  int: 'Enter a whole number',
  boolean: YES_OR_NO,
  array: 'Enter a list',
  object: 'Enter an object',
  record: 'Enter an object',
  never: 'Leave this out',
}

const formats: Readonly<Record<string, string>> = {
  email: EMAIL,
  date: DAY,
  datetime: INSTANT,
  url: 'Enter an address like https://example.com',
}

const isEmpty = (input: unknown) => input === undefined || input === null || input === ''

function sized({ code, origin, minimum, maximum, path }: Issue): string {
  const small = code === 'too_small'
  const bound = small ? minimum : maximum
  if (origin === 'string') {
    if (!small) return atMost(Number(bound))
    return Number(bound) <= 1 ? missing(path) : `Use at least ${counted(bound, 'character')}`
  }
  if (origin === 'number' || origin === 'int') return `Enter ${bound} or ${small ? 'more' : 'less'}`
  if (small && Number(bound) === 1) return `Choose ${withArticle(nounOf(path).noun.replace(/s$/, ''))}`
  return `Choose at ${small ? 'least' : 'most'} ${bound}`
}

/** The closest alternative of a union says more than that none fits. */
function closest(tries: readonly (readonly Issue[])[], whole: Issue): string {
  // an empty form field isn't a choice worth naming
  const real = tries.filter((issues) => !issues.some(({ values }) => (values as unknown[])?.includes('')))
  const nearest = real.find((issues) => issues.some(({ code }) => code !== 'invalid_type')) ?? real[0]
  const [issue] = nearest ?? []
  if (isEmpty(whole.input) || !issue) return missing(whole.path)
  return instruction({ ...issue, input: whole.input, path: [...(whole.path ?? []), ...(issue.path ?? [])] })
}

/** What to do about an issue, for people at the field and for programs next to its name. */
function instruction(issue: Issue): string {
  const { code, input, path } = issue
  switch (code) {
    case 'invalid_type':
      if (isEmpty(input) && issue.expected !== 'array' && issue.expected !== 'never') return missing(path)
      return types[String(issue.expected)] ?? missing(path)
    case 'too_small':
    case 'too_big':
      return sized(issue)
    case 'invalid_value':
      return oneOf(issue.values as unknown[])
    case 'invalid_format': {
      const format = String(issue.format)
      if (format === 'uuid' || format === 'guid') return missing(path)
      return isEmpty(input) ? missing(path) : (formats[format] ?? 'Check how this is written')
    }
    case 'not_multiple_of':
      return `Enter a multiple of ${issue.divisor}`
    case 'unrecognized_keys':
      return UNKNOWN_FIELD
    case 'invalid_union':
      return closest(issue.errors as Issue[][], issue)
    case 'invalid_key':
    case 'invalid_element':
      return closest([issue.issues as Issue[]], issue)
    default:
      return 'Check this field'
  }
}

// for every schema: never falls back to the library's own messages
z.config({ localeError: instruction as z.core.$ZodErrorMap })

/** A message after its field's name: an instruction follows a colon, a predicate continues the sentence. */
export const afterName = (message: string) => (/^\p{Lu}/u.test(message) ? `: ${message}` : ` ${message}`)

export const about = (field: string, message: string): string =>
  field ? field + afterName(message) : message
