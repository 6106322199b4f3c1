import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import { HttpError } from '#src/http/errors.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The form token of a session, or of a visitor's cookie before there is one. */
export const csrfToken = (secret: string, bearer: string) =>
  createHmac('sha256', secret).update(`csrf ${bearer}`).digest('base64url')

type Check = { secret: string; origin: string; cookie: string; token: unknown; form: boolean }

/**
 * For a request that writes by the authority of a cookie: same origin by `Sec-Fetch-Site` or `Origin`, and in a
 * form, or where a browser says neither, the token bound to that cookie.
 * @throws {HttpError} 403
 */
export function checkCsrf(c: Context, { secret, origin, cookie, token, form }: Check): void {
  if (SAFE.has(c.req.method)) return
  const site = c.req.header('sec-fetch-site')
  const from = c.req.header('origin')
  if (site !== undefined && site !== 'same-origin') throw refused()
  if (from !== undefined && from !== origin) throw refused()
  if (!form && (site !== undefined || from !== undefined)) return
  const given = c.req.header('x-csrf-token') ?? token
  if (!cookie || typeof given !== 'string' || !same(given, csrfToken(secret, cookie))) throw refused()
}

const refused = () =>
  new HttpError(403, 'This form is out of date or came from elsewhere. Load the page again and repeat.', {
    type: 'csrf',
  })

function same(given: string, expected: string): boolean {
  const a = Buffer.from(given)
  const b = Buffer.from(expected)
  return a.length === b.length && timingSafeEqual(a, b)
}
