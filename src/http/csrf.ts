import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import type { Config } from '#src/config.ts'
import { type Cookies, cookieValues, newToken } from '#src/http/cookies.ts'
import { HttpError } from '#src/http/errors.ts'
import { type Body, bodyType } from '#src/http/input.ts'

/** What the form tokens of a session, or of a visitor's cookie before there is one, have in common. */
const secretOf = (key: string, bearer: string) => createHmac('sha256', key).update(`csrf ${bearer}`).digest()

const xor = (a: Buffer, b: Buffer) => Buffer.from(a.map((byte, index) => byte ^ (b[index] as number)))

/** A form token: another one each time, so that no length of a packed page tells anything of it (BREACH). */
export function csrfToken(key: string, bearer: string): string {
  const pad = randomBytes(32)
  return Buffer.concat([pad, xor(pad, secretOf(key, bearer))]).toString('base64url')
}

/** The tokens of a request's forms: bound to its session, or to a visitor's cookie, which is given for it. */
export class FormTokens {
  readonly #c: Context
  readonly #config: Config
  readonly #cookies: Cookies
  #given: string | undefined

  constructor(c: Context, { config, cookies }: { config: Config; cookies: Cookies }) {
    this.#c = c
    this.#config = config
    this.#cookies = cookies
  }

  /** For the forms of a page. @param session its cookie's token, where somebody is signed in */
  token(session: string | null): string {
    const bearer = session ?? this.#visitor
    if (!bearer) this.#given ??= newToken()
    return csrfToken(this.#config.SECRET_KEY, bearer ?? (this.#given as string))
  }

  /** Whether a page with this token is of the session. */
  isOf(session: string, token: string): boolean {
    return valid(token, this.#config.SECRET_KEY, session)
  }

  /** What drawing a form made necessary. */
  cookies(): string[] {
    return this.#given ? [this.#cookies.setVisitor(this.#given)] : []
  }

  /** What the headers of a write by cookie tell, before its body is read. @throws {HttpError} 403 */
  checkOrigin(session: string | null): void {
    if ((session ?? this.#visitor) || bodyType(this.#c) !== 'application/json')
      checkOrigin(this.#c, this.#origin)
  }

  /** Lets a write by cookie pass. @throws {HttpError} 403 */
  check({ kind, fields }: Body, session: string | null): void {
    const cookie = session ?? this.#visitor
    // without a cookie there is no authority to abuse: a program that signs in with JSON
    if (!cookie && kind !== 'form') return
    const { SECRET_KEY: secret } = this.#config
    const token = fields.csrf_token
    checkCsrf(this.#c, { secret, origin: this.#origin, cookie: cookie ?? '', token, form: kind !== 'json' })
  }

  get #origin(): string {
    return new URL(this.#config.PUBLIC_URL ?? this.#c.req.url).origin
  }

  get #visitor(): string | undefined {
    return cookieValues(this.#c, this.#cookies.visitor)[0]
  }
}

type Check = { secret: string; origin: string; cookie: string; token: unknown; form: boolean }

/**
 * For a request that writes by the authority of a cookie: same origin by `Sec-Fetch-Site` or `Origin`, and in a
 * form, or where a browser says neither, the token bound to that cookie.
 */
function checkCsrf(c: Context, { secret, origin, cookie, token, form }: Check): void {
  checkOrigin(c, origin)
  const site = c.req.header('sec-fetch-site')
  const from = c.req.header('origin')
  if (!form && (site !== undefined || from !== undefined)) return
  const given = c.req.header('x-csrf-token') ?? token
  if (!cookie || typeof given !== 'string' || !valid(given, secret, cookie)) throw refused()
}

function checkOrigin(c: Context, origin: string): void {
  const site = c.req.header('sec-fetch-site')
  const from = c.req.header('origin')
  if (site !== undefined && site !== 'same-origin') throw refused()
  // a page that tells nobody its address says null, and the browser vouches for it
  const hushed = from === 'null' && site === 'same-origin'
  if (from !== undefined && from !== origin && !hushed) throw refused()
}

const refused = () =>
  new HttpError(403, 'This form is out of date or came from elsewhere. Load the page again and repeat.', {
    type: 'csrf',
  })

function valid(given: string, key: string, bearer: string): boolean {
  const token = Buffer.from(given, 'base64url')
  if (token.length !== 64) return false
  return timingSafeEqual(xor(token.subarray(0, 32), token.subarray(32)), secretOf(key, bearer))
}
