import { randomUUIDv7 } from 'node:crypto'
import type { Context } from 'hono'
import { routePath } from 'hono/route'
import type { AppContext, Env } from '#src/http/app-context.ts'
import { paths } from '#src/paths.ts'

export class RequestInfo {
  readonly id = randomUUIDv7()
  readonly api: string
  readonly ip: string | null
  readonly #c: Context<Env>
  readonly #prefix: string

  constructor(c: Context<Env>, { clientIp, config }: Pick<AppContext, 'clientIp' | 'config'>, api: string) {
    this.#c = c
    this.#prefix = config.URL_PREFIX
    this.api = api
    this.ip = clientIp(c.env?.incoming?.socket.remoteAddress, c.req.header('x-forwarded-for'))
  }

  /** The page the request is about, without the prefix: its own, or the referring form's. */
  get from(): string {
    const { origin, href } = this.url
    const page = this.reads ? href : (this.#c.req.header('referer') ?? '')
    if (!page.startsWith(`${origin}${this.#prefix}/`)) return paths.home
    return page.slice(origin.length + this.#prefix.length)
  }

  /** Undecoded: Hono's path may contain what no column can store. */
  get url(): URL {
    return new URL(this.#c.req.url)
  }

  /** For logs, the trail and errors: without the secret token of a link. */
  get path(): string {
    return this.#c.req.param('token') === undefined ? this.url.pathname : routePath(this.#c)
  }

  /** Path without the prefix, as forms name it. */
  get place(): string {
    return this.url.pathname.slice(this.#prefix.length)
  }

  get reads(): boolean {
    return this.#c.req.method === 'GET' || this.#c.req.method === 'HEAD'
  }

  get via(): 'web' | 'api' {
    return this.api || this.bearer ? 'api' : 'web'
  }

  get bearer(): boolean {
    return this.#c.req.header('authorization') !== undefined
  }

  get partial(): boolean {
    return (
      this.#c.req.header('hx-request-type') === 'partial' && !this.#c.req.header('hx-history-restore-request')
    )
  }

  /** A waiting form asks for this page (js/sending.js). */
  get asks(): boolean {
    return this.partial && this.#c.req.header('hx-target') === 'dialog'
  }
}
