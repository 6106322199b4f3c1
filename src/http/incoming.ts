import { randomUUIDv7 } from 'node:crypto'
import type { Context } from 'hono'
import { routePath } from 'hono/route'
import type { Endpoint } from '#src/http/endpoint.ts'
import { HttpError } from '#src/http/errors.ts'
import { queryOf } from '#src/http/input.ts'
import { asksForCsv, negotiate, type Wanted } from '#src/http/negotiation.ts'
import type { Env, Surroundings } from '#src/http/surroundings.ts'
import { pairsOf } from '#src/http/text.ts'
import { paths } from '#src/paths.ts'

/** A request as it came: where to, through what, and what for. Whose it is, is not known yet. */
export class Incoming {
  /** It grows with time, so that what is kept by it lies together. */
  readonly id = randomUUIDv7()
  /** `/api` or `/api/v1`, where it came that way. */
  readonly api: string
  readonly ip: string | null
  readonly #c: Context<Env>
  readonly #prefix: string
  #negotiated: Wanted | null = null
  #csv = false
  #pairs: [name: string, value: string][] = []

  constructor(
    c: Context<Env>,
    { clientAddress, config }: Pick<Surroundings, 'clientAddress' | 'config'>,
    api: string,
  ) {
    this.#c = c
    this.#prefix = config.URL_PREFIX
    this.api = api
    this.ip = clientAddress(c.env?.incoming?.socket.remoteAddress, c.req.header('x-forwarded-for'))
  }

  /**
   * Settles what to answer with, among what there is.
   * @throws {HttpError} 406
   */
  want(byMethod: ReadonlyMap<string, Endpoint>): void {
    const endpoints = [...byMethod.values()]
    const page = !this.api && endpoints.some(({ only }) => only === undefined || only === 'page')
    const json = endpoints.some(({ only }) => only !== 'page')
    const csv = this.reads && byMethod.get('GET')?.csv !== undefined
    const format = csv ? this.#c.req.query('format') : undefined
    this.#csv = csv && (format ? format === 'csv' : asksForCsv(this.#c.req.header('accept')))
    this.#negotiated = format === 'json' ? 'json' : this.#negotiate(page, json)
    if (!this.#negotiated && !this.#csv) {
      const offered = [page && 'text/html', json && 'application/json', csv && 'text/csv'].filter(Boolean)
      throw new HttpError(406, `There is ${offered.join(' and ')}.`)
    }
  }

  /** Reads the fields of the address, whether or not somebody asks for them. @throws {HttpError} 400 */
  readAddress(): void {
    if (this.#c.req.url.includes('?')) this.#pairs = pairsOf(this.url.search.slice(1))
  }

  /** For errors there is always an answer, also where nothing that is accepted was found. */
  get wanted(): Wanted {
    this.#negotiated ??= this.#negotiate(!this.api, true) ?? 'json'
    return this.#negotiated
  }

  /** A file is asked for, where there is one. */
  get csv(): boolean {
    return this.#csv
  }

  /**
   * What a program asked for; a page that asks for a part of itself, as its browser says, is still a page. Who forges
   * that gets no more than the page has.
   */
  get counts(): boolean {
    if (this.#csv) return this.via === 'api'
    return (
      this.wanted === 'json' && (this.via === 'api' || this.#c.req.header('sec-fetch-site') !== 'same-origin')
    )
  }

  /** Each field of the address once, and as text that can be kept. @throws {HttpError} 400 */
  checkQuery({ csv }: Endpoint): void {
    const { format } = queryOf(this.#pairs)
    if (csv && format !== undefined && !['csv', 'json'].includes(format))
      throw new HttpError(400, 'format must be csv or json')
  }

  /** The page that this is about, without the prefix: its own, or the one with the form, as the browser says. */
  get from(): string {
    const { origin, href } = this.url
    const page = this.reads ? href : (this.#c.req.header('referer') ?? '')
    if (!page.startsWith(`${origin}${this.#prefix}/`)) return paths.home
    return page.slice(origin.length + this.#prefix.length)
  }

  /** As it was sent: Hono's path is decoded, and may hold what no column takes. */
  get url(): URL {
    return new URL(this.#c.req.url)
  }

  /** For logs, the trail and errors: without the token of a link, which nobody else may know. */
  get path(): string {
    return this.#c.req.param('token') === undefined ? this.url.pathname : routePath(this.#c)
  }

  /** Where it came, without the prefix, as a form names it. */
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

  /** A form waits for what this page asks (js/sending.js). */
  get asks(): boolean {
    return this.partial && this.#c.req.header('hx-target') === 'dialog'
  }

  #negotiate(page: boolean, json: boolean): Wanted | null {
    const { api, bearer, partial } = this
    const accept = this.#c.req.header('accept')
    return negotiate({ accept, bearer, api: api !== '', partial, page, json })
  }
}
