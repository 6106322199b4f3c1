import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import type { Config } from '#src/config.ts'
import { type Cookies, cookieValues } from '#src/http/cookies.ts'
import { HttpError } from '#src/http/errors.ts'
import type { Body } from '#src/http/input.ts'
import type { Origins } from '#src/http/origins.ts'
import { newToken } from '#src/platform/token.ts'

const secretOf = (key: string, bearer: string) => createHmac('sha256', key).update(`csrf ${bearer}`).digest()

const xor = (a: Buffer, b: Buffer) => Buffer.from(a.map((byte, index) => byte ^ (b[index] as number)))

/** A form token, masked anew each time against BREACH. */
export function csrfToken(key: string, bearer: string): string {
  const pad = randomBytes(32)
  return Buffer.concat([pad, xor(pad, secretOf(key, bearer))]).toString('base64url')
}

export class FormTokens {
  readonly #c: Context
  readonly #config: Config
  readonly #cookies: Cookies
  readonly #origins: Origins
  readonly #listed: boolean
  #given: string | undefined

  constructor(
    c: Context,
    { config, cookies, origins }: { config: Config; cookies: Cookies; origins: Origins },
    api: string,
  ) {
    this.#c = c
    this.#config = config
    this.#cookies = cookies
    this.#origins = origins
    this.#listed = api !== '' && origins.lists(c)
  }

  token(session: string | null): string {
    const bearer = session ?? this.#visitor
    if (!bearer) this.#given ??= newToken()
    return csrfToken(this.#config.SECRET_KEY, bearer ?? (this.#given as string))
  }

  isOf(session: string, token: string): boolean {
    return valid(token, this.#config.SECRET_KEY, session)
  }

  cookies(): string[] {
    return this.#given ? [this.#cookies.setVisitor(this.#given)] : []
  }

  /** Whether `Sec-Fetch-Site` or `Origin` says same origin; programs send neither. */
  checkOrigin(): boolean {
    if (this.#listed) return false
    const origin = this.#origins.own(this.#c)
    const site = this.#c.req.header('sec-fetch-site')
    const from = this.#c.req.header('origin')
    // a page with no-referrer sends null, and the browser vouches for it
    const hushed = from === 'null' && site === 'same-origin'
    if (from !== undefined && from !== origin && !hushed) throw this.#origins.foreign(this.#c, from)
    if (site !== undefined && site !== 'same-origin')
      throw this.#origins.foreign(this.#c, `elsewhere (${site})`)
    return site !== undefined || from !== undefined
  }

  /** A write by cookie must come from here, and with its token unless the browser vouches. @throws {HttpError} 403 */
  check({ kind, fields }: Body, session: string | null): void {
    const vouched = this.checkOrigin()
    const cookie = session ?? this.#visitor
    // without a cookie there is no authority to abuse
    if (!cookie && kind !== 'form') return
    if (this.#listed && !this.#config.CORS_ALLOW_CREDENTIALS) throw refused()
    if (kind === 'json' && vouched) return
    const right = (given: unknown) =>
      cookie && typeof given === 'string' && valid(given, this.#config.SECRET_KEY, cookie)
    if (![this.#c.req.header('x-csrf-token'), fields.csrf_token].some(right))
      throw vouched && kind === 'form' ? new StaleForm() : refused()
  }

  get #visitor(): string | undefined {
    return cookieValues(this.#c, this.#cookies.visitor)[0]
  }
}

const OUT_OF_DATE = 'This form is out of date or came from elsewhere. Load the page again and repeat.'
const refused = () => new HttpError(403, OUT_OF_DATE, { type: 'csrf' })

export class StaleForm extends HttpError {
  constructor() {
    super(403, OUT_OF_DATE, { type: 'csrf' })
  }
}

function valid(given: string, key: string, bearer: string): boolean {
  const token = Buffer.from(given, 'base64url')
  if (token.length !== 64) return false
  return timingSafeEqual(xor(token.subarray(0, 32), token.subarray(32)), secretOf(key, bearer))
}
