import fc from 'fast-check'
import { encodeCursor } from '#src/db/paging.ts'
import { type Ids, junk, letters, mutated, valid } from '#tests/http/arbitrary.ts'
import {
  type Operation,
  type Parameter,
  parametersOf,
  pointed,
  type Schema,
} from '#tests/http/conformance.ts'

/** One request of somebody. */
export type Asked = {
  who: 'owner' | 'member' | 'anonymous'
  path: string
  query: [string, string][]
  headers: Record<string, string>
  body: string | undefined
}

type Found = Record<string, unknown> & { id: string }

/** What is there, by the first part of its path: records, whose ids others may name and be made after. */
export type Known = Readonly<Record<string, readonly Found[]>>

export const tagOf = (path: string) => path.split('/')[3] ?? ''

type Target = { method: string; path: string; operation: Operation }

/** Requests for an operation: right ones, and ones with something wrong anywhere. */
export const requests = (target: Target, known: Known): fc.Arbitrary<Asked> =>
  fc.oneof(asked(target, known, onlyRight), asked(target, known, sometimesOdd))

/** What is usual, or now and then something odd. */
type Mix = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>, weight?: number) => fc.Arbitrary<T>
const onlyRight: Mix = (usual) => usual
const sometimesOdd: Mix = (usual, odd, weight = 5) =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: odd })

function asked({ method, path, operation }: Target, known: Known, mix: Mix): fc.Arbitrary<Asked> {
  const tag = tagOf(path)
  const ids = idsFor(tag, known)
  const parameters = parametersOf(operation)
  const places = parameters
    .filter((parameter) => parameter.in === 'path')
    .map(({ name, schema }) => [name, mix(asText(valid(schema, ids, name)), asText(junk))] as const)
  const none = fc.constant<Sent>({ body: undefined })
  return fc
    .tuple(
      fc.constantFrom<Asked['who']>('owner', 'owner', 'owner', 'member', 'anonymous'),
      fc.record(Object.fromEntries(places)),
      queries(parameters, ids, mix),
      headersOf(parameters, mix),
      method === 'get' ? none : bodies(operation, ids, known[tag]?.[0], mix),
    )
    .map(([who, values, query, headers, { body, type }]) => ({
      who,
      path: path.replace(
        /\{(\w+)\}/g,
        (_, name) => encodeURIComponent((values[name] ?? '').toWellFormed()) || '-',
      ),
      query,
      headers: type ? { ...headers, 'Content-Type': type } : headers,
      body,
    }))
}

/** `role_ids` are of roles, `owner_user_id` of users; an `id` is of the path's own. */
const idsFor =
  (tag: string, known: Known): Ids =>
  (name) => {
    const of = Object.keys(known).find((plural) => name.includes(plural.replace(/s$/, '')))
    return (known[of ?? tag] ?? Object.values(known).flat()).map(({ id }) => id)
  }

const asText = (values: fc.Arbitrary<unknown>) =>
  values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))

/** A place in a list that somebody made up. */
const place = (ids: Ids) =>
  fc
    .tuple(fc.constantFrom('name', '-name', 'created_at', '-created_at'), fc.oneof(letters, junk), junk)
    .map(([sort, key, odd]) =>
      encodeCursor(sort, { key: key as string, id: (ids('id')[0] ?? odd) as string }),
    )

function queries(parameters: readonly Parameter[], ids: Ids, mix: Mix): fc.Arbitrary<[string, string][]> {
  const one = ({ name, schema }: Parameter) => {
    const values = valid(schema, ids, name)
    const text = schema.type === 'array' ? values.map((several) => String(several)) : asText(values)
    const right = /^(after|before)$/.test(name) ? place(ids) : text
    return mix(right, asText(junk), 3).map((value): [string, string] => [name, value])
  }
  const all = parameters.filter((parameter) => parameter.in === 'query')
  const none = fc.constant<[string, string][]>([])
  const some = all.length ? fc.array(fc.constantFrom(...all).chain(one), { maxLength: 3 }) : none
  const odd = asText(junk).map((value): [string, string][] => [['surprise', value]])
  const needed = fc.tuple(...all.filter(({ required }) => required).map(one))
  return fc.tuple(needed, fc.oneof(none, some), mix(none, odd)).map((parts) => parts.flat())
}

function headersOf(parameters: readonly Parameter[], mix: Mix): fc.Arbitrary<Record<string, string>> {
  const odd = fc.constantFrom('text/csv', 'image/png', '*/*', 'text/html', 'application/json;q=0')
  const known: Record<string, fc.Arbitrary<string>> = {
    'If-Match': mix(fc.constant('*'), fc.constantFrom('"1"', 'W/"1"', '"2"', 'x', '"99999999999"'), 1),
    'Idempotency-Key': mix(fc.uuid(), fc.constantFrom('a b', 'x'.repeat(300), 'same'), 3),
  }
  const named = parameters.filter((parameter) => parameter.in === 'header')
  const own = Object.fromEntries(named.map(({ name }) => [name, known[name] ?? letters]))
  return fc
    .tuple(mix(fc.constant('application/json'), odd, 12), fc.record(own, { requiredKeys: [] }))
    .map(([Accept, more]) => ({ Accept, ...more }))
}

type Sent = { body: string | undefined; type?: string }

/** A body made after a record that is there, with one thing of its own. */
function after(example: Found, schema: Schema, changes: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const { properties = {} } = pointed(schema) as { properties?: object }
  const same = Object.fromEntries(Object.entries(example).filter(([name]) => name in properties))
  return changes.map((changed) => ({
    ...same,
    ...Object.fromEntries(Object.entries(changed as object).slice(0, 1)),
  }))
}

function bodies(
  { requestBody }: Operation,
  ids: Ids,
  example: Found | undefined,
  mix: Mix,
): fc.Arbitrary<Sent> {
  const content = requestBody?.content ?? {}
  const ways: fc.Arbitrary<Sent>[] = []
  const json = content['application/json']?.schema
  if (json) {
    const right = valid(json, ids)
    const all = [mix(right, mutated(right), 1), ...(example ? [after(example, json, right)] : [])]
    ways.push(fc.oneof(...all).map((value) => ({ body: JSON.stringify(value), type: 'application/json' })))
  }
  if (content['text/csv']) ways.push(...files)
  const nothing = fc.constant<Sent>({ body: undefined })
  const odd = fc.constantFrom<Sent>(
    { body: undefined },
    { body: '{', type: 'application/json' },
    { body: '[]', type: 'application/json' },
    { body: 'a=b&a=c', type: 'application/x-www-form-urlencoded' },
    { body: '<a/>', type: 'application/xml' },
  )
  return mix(ways.length ? fc.oneof(...ways) : nothing, odd, 8)
}

const cell = asText(fc.oneof(fc.stringMatching(/^[a-z@.]{0,9}$/), junk))
const line = fc.array(cell, { maxLength: 4 }).map((cells) => cells.join(','))
const csv = fc.array(line, { maxLength: 4 }).map((lines) => lines.join('\n'))
const part = 'Content-Disposition: form-data; name="file"; filename="f.csv"'
const files: fc.Arbitrary<Sent>[] = [
  csv.map((body) => ({ body, type: 'text/csv' })),
  csv.map((body) => ({
    body: `--xYz\r\n${part}\r\n\r\n${body}\r\n--xYz--\r\n`,
    type: 'multipart/form-data; boundary=xYz',
  })),
]
