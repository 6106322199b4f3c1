import { createHash, randomBytes } from 'node:crypto'
import type { Context } from 'hono'
import type { Config } from '#src/config.ts'

/**
 * Names and attributes of our cookies. `__Host-` over https; a short hash of prefix and port where several
 * installations may share a host.
 */
export class Cookies {
  readonly session: string
  readonly visitor: string
  readonly notice: string
  readonly #attributes: string
  readonly #maxAge: number

  constructor(config: Config) {
    const secure = config.PUBLIC_URL?.startsWith('https:') ?? false
    const shared = config.URL_PREFIX !== '' || (!secure && config.PORT !== 8080)
    const mark = createHash('sha256')
      .update(`${config.URL_PREFIX}:${secure ? '' : config.PORT}`)
      .digest('hex')
    const suffix = shared ? `-${mark.slice(0, 8)}` : ''
    const prefix = secure ? '__Host-' : ''
    this.session = `${prefix}session${suffix}`
    this.visitor = `${prefix}visitor${suffix}`
    this.notice = `${prefix}notice${suffix}`
    this.#attributes = `; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
    this.#maxAge = Math.round(config.SESSION_MAX_DAYS * 86_400)
  }

  setSession = (token: string) => `${this.session}=${token}; Max-Age=${this.#maxAge}${this.#attributes}`
  setVisitor = (token: string) => `${this.visitor}=${token}${this.#attributes}`
  setNotice = (text: string) => `${this.notice}=${encodeURIComponent(text)}; Max-Age=60${this.#attributes}`
  drop = (name: string) => `${name}=; Max-Age=0${this.#attributes}`
}

/** 256 random bits. */
export const newToken = () => randomBytes(32).toString('base64url')

/** The values under a name: two of them are nobody's. */
export function cookieValues(c: Context, name: string): string[] {
  const header = c.req.header('cookie')
  if (!header?.includes(name)) return []
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}
