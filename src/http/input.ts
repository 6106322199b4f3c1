import type { Context } from 'hono'
import type { z } from 'zod'
import { type FieldError, HttpError, invalid } from '#src/http/errors.ts'

/** A body as it was sent: JSON, or the fields of a form. */
export type Body = { kind: 'json' | 'form' | 'none'; fields: Record<string, unknown> }

const NONE: Body = { kind: 'none', fields: {} }
const MOST_FIELDS = 1000
/** In all objects of a body together. */
const MOST_KEYS = 10_000
const DEEPEST = 20

/**
 * The one reader of bodies, by content type.
 * @throws {HttpError} 415 for another type, 413 past the limit, 400 for what is malformed
 */
export async function readBody(c: Context, limitKb: number): Promise<Body> {
  const type = (c.req.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (c.req.header('content-encoding')) throw new HttpError(415, 'A compressed body is not taken.')
  const text = await limited(c, limitKb * 1024)
  if (text === '') return NONE
  if (type === 'application/json') return { kind: 'json', fields: parseJson(text) }
  if (type === 'application/x-www-form-urlencoded') return { kind: 'form', fields: parseForm(text) }
  throw new HttpError(415, 'Send application/json or application/x-www-form-urlencoded.')
}

async function limited(c: Context, most: number): Promise<string> {
  if (Number(c.req.header('content-length') ?? 0) > most) throw tooLarge(most)
  const stream = c.req.raw.body
  if (!stream) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > most) throw tooLarge(most)
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new HttpError(400, 'The body is not UTF-8.')
  }
}

const tooLarge = (most: number) => new HttpError(413, `A body has at most ${most / 1024} kB.`)

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
  // what JSON.parse lets pass: as many keys in as out means that none came twice
  if (keys !== checked(value, 1)) throw new HttpError(400, 'The body names a key twice.')
  return value as Record<string, unknown>
}

/** Counts keys, and refuses depth, number of keys, NUL and numbers beyond a double. */
function checked(value: unknown, depth: number): number {
  if (depth > DEEPEST) throw new HttpError(400, `The body is nested more than ${DEEPEST} deep.`)
  if (typeof value === 'string') refuseNul(value)
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new HttpError(400, 'The body has a number out of range.')
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + checked(item, depth + 1), 0)
  const keys = Object.keys(value)
  if (keys.length > MOST_FIELDS) throw new HttpError(400, `The body has more than ${MOST_FIELDS} keys.`)
  let sum = keys.length
  for (const key of keys) {
    refuseNul(key)
    sum += checked((value as Record<string, unknown>)[key], depth + 1)
  }
  return sum
}

/** Counts the keys of well-formed JSON: a string followed by a colon. Before it is parsed, since many take long. */
function keysIn(json: string): number {
  let count = 0
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"\s*:?/g)) {
    if (token.endsWith(':') && ++count > MOST_KEYS)
      throw new HttpError(400, `The body has more than ${MOST_KEYS} keys.`)
  }
  return count
}

function refuseNul(text: string): void {
  if (text.includes('\0')) throw new HttpError(400, 'The body has a NUL character.')
}

function parseForm(text: string): Record<string, unknown> {
  const fields: Record<string, unknown> = Object.create(null)
  let count = 0
  for (const [name, value] of new URLSearchParams(text)) {
    if (++count > MOST_FIELDS) throw new HttpError(400, `The body has more than ${MOST_FIELDS} fields.`)
    refuseNul(value)
    const before = fields[name]
    fields[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value]
  }
  return { ...fields }
}

const messages = (error: z.ZodError): FieldError[] =>
  error.issues.flatMap((issue): FieldError[] =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key].join('.'), message: 'is not a field here' }))
      : [{ path: issue.path.join('.'), message: issue.message }],
  )

/** @throws {HttpError} 422 with every field that is wrong */
export function validBody<S extends z.ZodType>(schema: S, fields: Record<string, unknown>): z.infer<S> {
  const parsed = schema.safeParse(fields)
  if (parsed.success) return parsed.data
  throw invalid(messages(parsed.error))
}

/** @throws {HttpError} 400 naming what is wrong in the address */
export function validQuery<S extends z.ZodType>(schema: S, query: Record<string, string>): z.infer<S> {
  const parsed = schema.safeParse(query)
  if (parsed.success) return parsed.data
  const errors = messages(parsed.error)
  const detail = errors.map(({ path, message }) => `${path} ${message}`).join('; ')
  throw new HttpError(400, detail, { errors })
}
