import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import type { Config } from '#src/config.ts'
import { isSecure } from '#src/platform/public-url.ts'
import { isToken } from '#src/platform/token.ts'

export class Cookies {
  readonly session: string
  readonly visitor: string
  readonly notice: string
  readonly device: string
  readonly pendingSignIn: string
  readonly #attributes: string
  readonly #maxAge: number

  constructor(config: Config) {
    const secure = isSecure(config)
    const shared = config.URL_PREFIX !== '' || (!secure && config.PORT !== 8080)
    const mark = createHash('sha256')
      .update(`${config.URL_PREFIX}:${secure ? '' : config.PORT}`)
      .digest('hex')
    const suffix = shared ? `-${mark.slice(0, 8)}` : ''
    const prefix = secure ? '__Host-' : ''
    this.session = `${prefix}session${suffix}`
    this.visitor = `${prefix}visitor${suffix}`
    this.notice = `${prefix}notice${suffix}`
    this.device = `${prefix}device${suffix}`
    this.pendingSignIn = `${prefix}proof${suffix}`
    this.#attributes = `; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
    this.#maxAge = Math.round(config.SESSION_MAX_DAYS * 86_400)
  }

  setSession = (token: string) => `${this.session}=${token}; Max-Age=${this.#maxAge}${this.#attributes}`
  setVisitor = (token: string) => `${this.visitor}=${token}${this.#attributes}`
  setNotice = (text: string, undo?: string) =>
    `${this.notice}=${encodeURIComponent(text)}${undo ? `|${undo}` : ''}; Max-Age=60${this.#attributes}`
  setDevice = (token: string) => `${this.device}=${token}; Max-Age=${HALF_A_YEAR}${this.#attributes}`
  setPendingSignIn = (token: string) => `${this.pendingSignIn}=${token}; Max-Age=600${this.#attributes}`
  drop = (name: string) => `${name}=; Max-Age=0${this.#attributes}`

  signedIn = ({ token, device }: { token: string; device: string | null }) => [
    this.setSession(token),
    ...(device ? [this.setDevice(device)] : []),
    this.drop(this.visitor),
    this.drop(this.pendingSignIn),
  ]

  pendingSignInOf = (c: Context) => this.#only(c, this.pendingSignIn)

  /** The token that marks a known browser; null if missing or malformed. */
  deviceOf = (c: Context) => this.#only(c, this.device)

  #only(c: Context, name: string): string | null {
    const values = cookieValues(c, name)
    return values.length === 1 && isToken(values[0]) ? values[0] : null
  }
}

const HALF_A_YEAR = 182 * 86_400

export function cookiesAfter(c: Context, given: readonly string[]): string {
  const sent = (c.req.header('cookie') ?? '').split(';').map((pair) => pair.trim())
  const names = given.map((line) => line.slice(0, line.indexOf('=')))
  const kept = sent.filter((pair) => !names.some((name) => pair.startsWith(`${name}=`)))
  const set = given.filter((line) => !line.includes('; Max-Age=0')).map((line) => line.split(';', 1)[0] ?? '')
  return [...kept, ...set].filter(Boolean).join('; ')
}

/** All values under a name: with two of them, neither counts. */
export function cookieValues(c: Context, name: string): string[] {
  const header = c.req.header('cookie')
  if (!header?.includes(name)) return []
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}
