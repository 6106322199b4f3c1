import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { Config } from '#src/config.ts'
import { HttpError } from '#src/http/errors.ts'
import { within } from '#src/http/ip-ranges.ts'
import { isSecure } from '#src/platform/public-url.ts'

type Log = { warn: (details: object, message: string) => void }

const EXPOSED = [
  'Content-Disposition',
  'ETag',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Limit',
  'RateLimit-Policy',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'X-Request-Id',
].join(', ')
const REMEMBERED = '600'
const A_YEAR = 31_536_000
const A_MINUTE_MS = 60_000

const common = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  Vary: 'Accept, HX-Request',
}
export type Common = typeof common & Record<string, string>

/** Our own origin, and those listed for CORS; no other is ever echoed. */
export class Origins {
  readonly #config: Config
  readonly #log: Log
  /** HSTS, where people come by https. */
  readonly secure: Readonly<Record<string, string>>
  readonly #common: Common
  readonly #ofApi: Common
  #warnedAt = Number.NEGATIVE_INFINITY

  constructor(config: Config, log: Log) {
    this.#config = config
    this.#log = log
    this.secure = isSecure(config) ? { 'Strict-Transport-Security': `max-age=${A_YEAR}` } : {}
    this.#common = { ...common, ...this.secure }
    const vary = config.CORS_ORIGINS.length ? `${common.Vary}, Origin` : common.Vary
    this.#ofApi = { ...this.#common, Vary: vary }
  }

  headers(c: Context, api: string): Common {
    if (!api) return this.#common
    return this.lists(c) ? { ...this.#ofApi, ...this.#shared(c) } : this.#ofApi
  }

  /** As configured, else from the request; a trusted proxy names the scheme. */
  own(c: Context): string {
    const { PUBLIC_URL, TRUSTED_PROXIES } = this.#config
    const { origin, host } = new URL(PUBLIC_URL ?? c.req.url)
    if (PUBLIC_URL) return origin
    const scheme = c.req.header('x-forwarded-proto')?.split(',')[0]?.trim().toLowerCase()
    if (scheme !== 'https' && scheme !== 'http') return origin
    const peer = (c.env as HttpBindings | undefined)?.incoming?.socket.remoteAddress ?? null
    return within(TRUSTED_PROXIES, peer) ? new URL(`${scheme}://${host}`).origin : origin
  }

  lists(c: Context): boolean {
    const origin = c.req.header('origin')
    return origin !== undefined && this.#config.CORS_ORIGINS.includes(origin)
  }

  #shared(c: Context): Record<string, string> {
    return {
      'Access-Control-Allow-Origin': c.req.header('origin') as string,
      'Access-Control-Expose-Headers': EXPOSED,
      ...(this.#config.CORS_ALLOW_CREDENTIALS ? { 'Access-Control-Allow-Credentials': 'true' } : {}),
    }
  }

  /** Answers a CORS preflight; null for an unlisted origin. */
  preflight(c: Context): Response | null {
    if (!this.lists(c) || c.req.header('access-control-request-method') === undefined) return null
    const { CORS_ALLOWED_METHODS: methods, CORS_ALLOWED_HEADERS: headers } = this.#config
    return new Response(null, {
      status: 204,
      headers: {
        ...this.#ofApi,
        ...this.#shared(c),
        'Access-Control-Allow-Methods': methods.join(', '),
        'Access-Control-Allow-Headers': headers.join(', '),
        'Access-Control-Max-Age': REMEMBERED,
      },
    })
  }

  /** A cross-origin write: says what was expected, and logs it once a minute for the operator. */
  foreign(c: Context, from: string): HttpError {
    const expected = this.own(c)
    const came = from.slice(0, 200)
    if (performance.now() - this.#warnedAt > A_MINUTE_MS) {
      this.#warnedAt = performance.now()
      this.#log.warn(
        { expected, came },
        'a form came from elsewhere: is PUBLIC_URL the address that people use, or the proxy in TRUSTED_PROXIES?',
      )
    }
    return new HttpError(
      403,
      `This was sent from ${came}, but ${expected} was expected. If you run this server, set PUBLIC_URL to the address that people use.`,
      { type: 'csrf' },
    )
  }
}
