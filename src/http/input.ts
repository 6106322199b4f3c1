import type { Context } from 'hono'
import type { z } from 'zod'
import { type FieldError, invalid, Malformed } from '#src/errors.ts'
import { HttpError } from '#src/http/errors.ts'
import { versionsIn } from '#src/http/tag.ts'
import { malformed, pairsOf, refuseFlaw } from '#src/http/text.ts'
import { isUpload, readMultipart, type Upload } from '#src/http/upload.ts'
import { about, UNKNOWN_FIELD } from '#src/locale/instructions.ts'

export type Body = {
  kind: 'json' | 'form' | 'file' | 'none'
  fields: Record<string, unknown>
  file?: Upload | undefined
}

const NONE: Body = { kind: 'none', fields: {} }
const MAX_FIELDS = 1000
const MAX_VALUES = 2000
const MAX_KEYS = 10_000
const DEEPEST = 20
/** Never a field: loose schemas would drop it silently. */
const PROTO = '__proto__'

export const bodyType = (c: Context) =>
  (c.req.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''

export type Taking = {
  upload: boolean
  read: (c: Context) => Promise<Buffer>
}

export async function readBody(c: Context, { upload, read }: Taking): Promise<Body> {
  const type = bodyType(c)
  if (c.req.header('content-encoding')) throw new HttpError(415, 'Compressed bodies aren’t supported.')
  const asFile = upload && isUpload(type)
  const content = await read(c)
  if (content.length === 0) return NONE
  if (type === 'application/json') return { kind: 'json', fields: parseJson(utf8(content)) }
  if (type === 'application/x-www-form-urlencoded')
    return { kind: 'form', fields: collected(pairsOf(utf8(content))) }
  if (asFile && type === 'text/csv') return { kind: 'file', fields: {}, file: { name: 'file.csv', content } }
  if (asFile) {
    const { fields, file } = await readMultipart(c.req.header('content-type') ?? '', content)
    return { kind: 'form', fields: collected(fields), file }
  }
  const types = ['application/json', 'application/x-www-form-urlencoded']
  if (upload) types.push('multipart/form-data', 'text/csv')
  throw new HttpError(415, `Send ${types.join(' or ')}.`)
}

function utf8(content: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch {
    throw new HttpError(400, 'The body is not UTF-8.')
  }
}

function parseJson(text: string): Record<string, unknown> {
  const keys = keysIn(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new HttpError(400, 'The body is not JSON.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpError(400, 'The body is not a JSON object.')
  }
  // JSON.parse accepts duplicate keys: equal counts mean there were none
  if (keys !== checked(value, 1, '')) throw new HttpError(400, 'The body names a key twice.')
  return bare(value as Record<string, unknown>)
}

/** Counts keys; refuses depth, too many keys, text that can't be stored, and numbers beyond a double. */
function checked(value: unknown, depth: number, path: string): number {
  if (depth > DEEPEST) throw new HttpError(400, `The body is nested more than ${DEEPEST} deep.`)
  if (typeof value === 'string') refuseFlaw(value, path)
  if (typeof value === 'number' && !Number.isFinite(value)) throw malformed(path, 'has a number out of range')
  if (typeof value !== 'object' || value === null) return 0
  const below = (key: string | number) => (path ? `${path}.${key}` : String(key))
  if (Array.isArray(value))
    return value.reduce((sum: number, item, at) => sum + checked(item, depth + 1, below(at)), 0)
  const keys = Object.keys(value)
  if (keys.length > MAX_FIELDS) throw new HttpError(400, `The body has more than ${MAX_FIELDS} keys.`)
  let sum = keys.length
  for (const key of keys) {
    refuseFlaw(key, path)
    refuseProto(key, below(key))
    sum += checked((value as Record<string, unknown>)[key], depth + 1, below(key))
  }
  return sum
}

function refuseProto(name: string, path: string): void {
  if (name === PROTO) throw invalid([{ path, message: UNKNOWN_FIELD }])
}

const bare = <T>(fields: Record<string, T>): Record<string, T> => Object.assign(Object.create(null), fields)

/** Counts keys before parsing, since many take long: strings followed by a colon. */
function keysIn(json: string): number {
  let count = 0
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"\s*:?/g)) {
    if (token.endsWith(':') && ++count > MAX_KEYS)
      throw new HttpError(400, `The body has more than ${MAX_KEYS} keys.`)
  }
  return count
}

function collected(pairs: Iterable<[string, string]>): Record<string, unknown> {
  const fields: Record<string, unknown> = Object.create(null)
  let names = 0
  let values = 0
  for (const [name, value] of pairs) {
    const before = fields[name]
    if (before === undefined) names++
    if (names > MAX_FIELDS || ++values > MAX_VALUES)
      throw new HttpError(400, `The body has more than ${MAX_FIELDS} fields.`)
    refuseFlaw(name, '')
    refuseFlaw(value, name)
    refuseProto(name, name)
    if (Array.isArray(before)) before.push(value)
    else fields[name] = before === undefined ? value : [before, value]
  }
  return fields
}

const messages = (error: z.ZodError): FieldError[] =>
  error.issues.flatMap((issue): FieldError[] =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key].join('.'), message: UNKNOWN_FIELD }))
      : [{ path: issue.path.join('.'), message: issue.message }],
  )

export function validBody<S extends z.ZodType>(schema: S, fields: Record<string, unknown>): z.infer<S> {
  const parsed = schema.safeParse(fields)
  if (parsed.success) return parsed.data
  throw invalid(messages(parsed.error))
}

export function validQuery<S extends z.ZodType>(schema: S, query: Record<string, string>): z.infer<S> {
  const parsed = schema.safeParse(query)
  if (parsed.success) return parsed.data
  throw refusedQuery(parsed.error)
}

export function refusedQuery(error: z.ZodError): Malformed {
  const errors = messages(error)
  const detail = errors.map(({ path, message }) => about(path, message)).join('; ')
  return new Malformed(detail, { errors })
}

export function queryOf(pairs: Iterable<[string, string]>): Record<string, string> {
  const query: Record<string, string> = Object.create(null)
  for (const [name, value] of pairs) {
    if (name in query) throw new HttpError(400, `${name} is given twice`)
    if (name === PROTO) throw malformed(name, UNKNOWN_FIELD)
    refuseFlaw(value, name)
    query[name] = value
  }
  return query
}

/** Versions from `If-Match` or the form's field; null for none or any. */
export function seenVersions(c: Context, ofForm: unknown): (number | null)[] {
  const header = c.req.header('if-match')
  if (header) {
    const named = versionsIn(header)
    if (named?.length === 0) throw new HttpError(412, 'If-Match isn’t a version of this record.')
    return named ?? [null]
  }
  if (typeof ofForm !== 'string') return [null]
  return [/^\d{1,9}$/.test(ofForm) ? Number(ofForm) : Number.NaN]
}
