import { randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import type { Actor } from '#src/access/actor.ts'
import { rateKey } from '#src/http/address.ts'
import { authenticate, type Credential, credentialOf, unauthenticated } from '#src/http/authenticate.ts'
import { cookieValues, newToken } from '#src/http/cookies.ts'
import { checkCsrf, csrfToken } from '#src/http/csrf.ts'
import type { Call, Endpoint, Refusal } from '#src/http/endpoint.ts'
import { HttpError, httpError, notFound } from '#src/http/errors.ts'
import { frameFor } from '#src/http/frame.ts'
import { type Body, readBody, validBody, validQuery } from '#src/http/input.ts'
import { negotiate, type Wanted } from '#src/http/negotiation.ts'
import { respond, respondError } from '#src/http/respond.ts'
import type { Env, Surroundings } from '#src/http/surroundings.ts'
import { paths } from '#src/paths.ts'
import type { Frame } from '#src/ui/frame.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** One request on its way: authenticate → can → handler → answer. */
export class Handling {
  readonly #c: Context<Env>
  readonly #around: Surroundings
  readonly #api: string
  readonly #id = randomUUID()
  #negotiated: Wanted | null = null
  #actor: Actor | null = null
  #credential: Credential | null = null
  #visitor: string | undefined
  #newVisitor: string | undefined

  constructor(c: Context<Env>, around: Surroundings, api: string) {
    this.#c = c
    this.#around = around
    this.#api = api
  }

  async handle(byMethod: Map<string, Endpoint>): Promise<Response> {
    const c = this.#c
    try {
      this.#want([...byMethod.values()])
      await this.#authenticate()
      const writes = c.req.method !== 'GET' && c.req.method !== 'HEAD'
      const body = writes ? await readBody(c, this.#around.config.BODY_LIMIT_KB) : undefined
      const endpoint = this.#endpoint(byMethod, body)
      return await this.#run(endpoint, body)
    } catch (error) {
      return this.fail(error)
    }
  }

  /** For what is no endpoint: an answer in the frame of whoever asks. */
  async refuse(error: HttpError): Promise<Response> {
    try {
      await this.#authenticate()
    } catch (failed) {
      return this.fail(failed)
    }
    return this.fail(error)
  }

  async #authenticate(): Promise<void> {
    this.#credential = credentialOf(this.#c, this.#around.cookies)
    const via = { via: this.#via, requestId: this.#id, ip: this.#ip } as const
    this.#actor = await authenticate(this.#credential, this.#around.rights, via)
    if (this.#actor) this.#around.seen(this.#actor.identity.sessionId)
  }

  /** Anything thrown, as an answer; a refusal of somebody goes into the trail first. */
  async fail(thrown: unknown): Promise<Response> {
    let error = httpError(thrown)
    if (error.status === 500) {
      this.#around.log.error({ err: thrown, request: this.#id, path: this.#c.req.path }, 'request failed')
    }
    if (error.status === 403 && this.#actor) {
      const wanted = (thrown as { wanted?: string }).wanted ?? error.type
      await this.#around.denied(this.#actor, wanted, this.#url.pathname).catch((lost) => {
        error = httpError(lost)
      })
    }
    if (error.status === 401 && this.#wanted !== 'json') return this.#toLogin()
    return respondError(error, this.#out(), this.#url.pathname)
  }

  async #run(endpoint: Endpoint, body: Body | undefined): Promise<Response> {
    const { access } = endpoint
    if (body) this.#checkOrigin(body)
    if (!('public' in access) && !this.#actor) throw unauthenticated()
    const grant = 'can' in access ? this.#actor?.require(access.can) : undefined
    const { signInLimit } = this.#around
    if (endpoint.rate === 'sign-in' && signInLimit) await signInLimit(rateKey(this.#ip))
    const { csrf_token: _, _method, version: formVersion, ...fields } = body?.fields ?? {}
    const isForm = body?.kind === 'form'
    const call = {
      c: this.#c,
      services: this.#around,
      db: this.#around.db,
      actor: this.#actor,
      grant,
      id: (name = 'id') => this.#uuid(name),
      query: endpoint.query ? validQuery(endpoint.query, this.#query()) : undefined,
      body: undefined as unknown,
      sent: fields,
      version: this.#version(isForm ? formVersion : undefined),
      request: {
        id: this.#id,
        ip: this.#ip,
        userAgent: this.#c.req.header('user-agent') ?? '',
        via: this.#via,
      },
    }
    try {
      if (endpoint.body) call.body = validBody(endpoint.body, isForm ? fields : (body?.fields ?? {}))
      return respond(await endpoint.handle(call as never), this.#out())
    } catch (thrown) {
      return this.#again(endpoint, call as unknown as Call, thrown, fields)
    }
  }

  /** A form that was refused comes again with its input and what is wrong; programs get problem+json. */
  async #again(
    endpoint: Endpoint,
    call: Call,
    thrown: unknown,
    input: Record<string, unknown>,
  ): Promise<Response> {
    const error = httpError(thrown)
    const fixable = [401, 409, 412, 422, 429].includes(error.status)
    if (this.#wanted === 'json' || !endpoint.refused || !fixable) throw thrown
    const { status, message, errors = [], current, headers } = error
    const refusal: Refusal = { status, message, errors, input, current }
    const screen = await endpoint.refused({ ...call, body: undefined } as never, refusal)
    return respond({ status, screen, headers }, this.#out())
  }

  #want(endpoints: readonly Endpoint[]): void {
    const page = !this.#api && endpoints.some(({ only }) => only === undefined || only === 'page')
    const json = endpoints.some(({ only }) => only !== 'page')
    this.#negotiated = this.#negotiate(page, json)
    if (!this.#negotiated) {
      const offered = [page && 'text/html', json && 'application/json'].filter(Boolean)
      throw new HttpError(406, `There is ${offered.join(' and ')}.`)
    }
  }

  #negotiate(page: boolean, json: boolean): Wanted | null {
    const accept = this.#c.req.header('accept')
    return negotiate({
      accept,
      bearer: this.#credentialIsBearer,
      api: this.#api !== '',
      partial: this.#partial,
      page,
      json,
    })
  }

  /** For errors there is always an answer, also where nothing that is accepted was found. */
  get #wanted(): Wanted {
    this.#negotiated ??= this.#negotiate(!this.#api, true) ?? 'json'
    return this.#negotiated
  }

  #endpoint(byMethod: Map<string, Endpoint>, body: Body | undefined): Endpoint {
    const { method } = this.#c.req
    const override = method === 'POST' && body?.kind === 'form' ? body.fields._method : undefined
    const named = typeof override === 'string' && /^(PUT|PATCH|DELETE)$/.test(override) ? override : method
    const endpoint = byMethod.get(named === 'HEAD' ? 'GET' : named)
    if (!endpoint)
      throw new HttpError(405, 'This form lacks its method.', {
        headers: { Allow: [...byMethod.keys()].join(', ') },
      })
    return endpoint
  }

  #checkOrigin(body: Body): void {
    if (this.#credential?.kind === 'bearer') return
    const { config } = this.#around
    // a session that has ended has no authority left: its browser is a visitor's
    const cookie = this.#actor ? this.#credential?.token : this.#visitorCookie()
    // without a cookie there is no authority to abuse: a program that signs in with JSON
    if (!cookie && body.kind !== 'form') return
    const origin = config.PUBLIC_URL ? new URL(config.PUBLIC_URL).origin : new URL(this.#c.req.url).origin
    const form = body.kind !== 'json'
    checkCsrf(this.#c, {
      secret: config.SECRET_KEY,
      origin,
      cookie: cookie ?? '',
      token: body.fields.csrf_token,
      form,
    })
  }

  /** The token for forms: of the session, or of a visitor, who gets a cookie for it. */
  get #formToken(): string {
    const { config } = this.#around
    if (this.#credential?.kind === 'cookie' && this.#actor)
      return csrfToken(config.SECRET_KEY, this.#credential.token)
    const visitor = this.#visitorCookie()
    if (visitor) return csrfToken(config.SECRET_KEY, visitor)
    this.#newVisitor ??= newToken()
    return csrfToken(config.SECRET_KEY, this.#newVisitor)
  }

  #visitorCookie(): string | undefined {
    this.#visitor ??= cookieValues(this.#c, this.#around.cookies.visitor)[0]
    return this.#visitor
  }

  #version(ofForm: unknown): number | null {
    const header = this.#c.req.header('if-match')?.trim()
    if (header === '*') return null
    const text = header
      ? /^(?:W\/)?"(\d{1,9})"$/.exec(header)?.[1]
      : typeof ofForm === 'string'
        ? ofForm
        : undefined
    if (header && text === undefined) throw new HttpError(412, 'If-Match is no version of this.')
    if (text === undefined) return null
    return Number(text)
  }

  #uuid(name: string): string {
    const value = this.#c.req.param(name) ?? ''
    if (!UUID.test(value)) throw notFound()
    return value.toLowerCase()
  }

  #query(): Record<string, string> {
    const query: Record<string, string> = {}
    for (const [name, values] of Object.entries(this.#c.req.queries())) {
      if (values.length > 1) throw new HttpError(400, `${name} is given twice`)
      if (values[0]?.includes('\0')) throw new HttpError(400, `${name} has a NUL character`)
      query[name] = values[0] ?? ''
    }
    return query
  }

  #toLogin(): Response {
    const { config } = this.#around
    const { pathname, search } = this.#url
    const back = this.#c.req.method === 'GET' ? (pathname + search).slice(config.URL_PREFIX.length) : ''
    const next = back && back !== paths.home ? `?next=${encodeURIComponent(back)}` : ''
    const login = `${paths.login}${next}`
    // a fragment can't hold the sign-in page: the browser is sent there as a whole
    const headers: Record<string, string> = this.#partial ? { 'HX-Redirect': config.URL_PREFIX + login } : {}
    return respond({ location: login, headers }, { ...this.#out(), wanted: 'page' })
  }

  /** As it was sent: Hono's path is decoded, and may hold what no column takes. */
  get #url(): URL {
    return new URL(this.#c.req.url)
  }

  #out() {
    const { config, cookies } = this.#around
    return {
      wanted: this.#wanted,
      requestId: this.#id,
      frame: () => this.#frame(),
      prefixed: (path: string) => config.URL_PREFIX + path,
      locate: (path: string) => config.URL_PREFIX + this.#api + path,
      setNotice: cookies.setNotice,
      cookies: () => [
        ...(this.#newVisitor ? [cookies.setVisitor(this.#newVisitor)] : []),
        ...(cookieValues(this.#c, cookies.notice).length ? [cookies.drop(cookies.notice)] : []),
      ],
      noneMatch: this.#c.req.header('if-none-match'),
    }
  }

  #frame(): Frame {
    return frameFor(this.#c, this.#around, this.#actor, this.#formToken)
  }

  get #ip(): string | null {
    const { incoming } = this.#c.env ?? {}
    return this.#around.clientAddress(incoming?.socket.remoteAddress, this.#c.req.header('x-forwarded-for'))
  }

  get #via(): 'web' | 'api' {
    return this.#api || this.#credentialIsBearer ? 'api' : 'web'
  }

  get #credentialIsBearer(): boolean {
    return this.#c.req.header('authorization') !== undefined
  }

  get #partial(): boolean {
    return (
      this.#c.req.header('hx-request-type') === 'partial' && !this.#c.req.header('hx-history-restore-request')
    )
  }
}
