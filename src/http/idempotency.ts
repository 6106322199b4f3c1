import { createHmac } from 'node:crypto'
import type { Context } from 'hono'
import type { Actor } from '#src/access/actor.ts'
import type { Door } from '#src/db/database.ts'
import { OnceDoor } from '#src/db/once.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { HttpError } from '#src/http/errors.ts'
import type { Body } from '#src/http/input.ts'

const UNKEYED = /^\/(auth|login|register|logout)(\/|$)/

/** Endpoints that create something, and return no secret, take an `Idempotency-Key`. */
export const takesKey = ({ method, path, access, secret }: Endpoint): boolean =>
  method === 'POST' && !secret && !('public' in access) && !UNKEYED.test(path)

/** The door for a request with a key; null without one. */
export function onceDoor(
  c: Context,
  endpoint: Endpoint,
  { door, actor, body, secret }: { door: Door; actor: Actor | null; body: Body | undefined; secret: string },
): OnceDoor | null {
  const key = c.req.header('idempotency-key')
  if (key === undefined || !actor || !takesKey(endpoint)) return null
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new HttpError(400, 'An Idempotency-Key is 1 to 255 visible ASCII characters.')
  const { pathname, search } = new URL(c.req.url)
  const { csrf_token: _, ...fields } = body?.fields ?? {}
  // keyed: a plain digest would let a password in the body be guessed
  const hash = createHmac('sha256', secret)
    .update(JSON.stringify([endpoint.method, pathname + search, body && fields, body?.file?.name]))
    .update(body?.file?.content ?? '')
    .digest()
  // an API key doesn't get its owner's answers, which may show more
  return new OnceDoor(door, { userId: actor.identity.apiKey?.id ?? actor.userId, key, hash })
}
