import type { Context } from 'hono'
import type { Actor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { Revoked } from '#src/access/renewal.ts'
import { admit } from '#src/http/admit.ts'
import { authenticate, type Credential, credentialOf, Displaced } from '#src/http/authenticate.ts'
import { Bodies } from '#src/http/bodies.ts'
import { callOf } from '#src/http/call.ts'
import { cookieValues } from '#src/http/cookies.ts'
import { Counting } from '#src/http/counting.ts'
import { FormTokens } from '#src/http/csrf.ts'
import { respondCsv } from '#src/http/csv.ts'
import type { Call, Csv, Endpoint } from '#src/http/endpoint.ts'
import { type HttpError, httpError } from '#src/http/errors.ts'
import { frameFor } from '#src/http/frame.ts'
import { onceDoor } from '#src/http/idempotency.ts'
import { Incoming } from '#src/http/incoming.ts'
import { type Body, seenVersions, validBody } from '#src/http/input.ts'
import type { RateClass } from '#src/http/limits.ts'
import { acceptsGzip } from '#src/http/negotiation.ts'
import { chosen } from '#src/http/override.ts'
import { requireProof } from '#src/http/proof.ts'
import { answerForm, leadTo, resumed, type Sent } from '#src/http/refused-form.ts'
import { respond, respondError } from '#src/http/respond.ts'
import { SearchStep } from '#src/http/search-step.ts'
import type { Env, Surroundings } from '#src/http/surroundings.ts'
import { paths } from '#src/paths.ts'
import type { Frame } from '#src/ui/frame.ts'

/** One request on its way: authenticate → can → handler → answer. */
export class Handling {
  readonly #c: Context<Env>
  readonly #around: Surroundings
  readonly #asked: Incoming
  #actor: Actor | null = null
  #credential: Credential | null = null
  readonly #counting: Counting
  readonly #forms: FormTokens
  readonly #bodies: Bodies
  /** What a form of ours holds, once it is read. */
  #fields: Record<string, unknown> | null = null
  #endpoint: Endpoint | null = null
  #byMethod: ReadonlyMap<string, Endpoint> = new Map()
  #drawn: Frame | null = null

  constructor(c: Context<Env>, around: Surroundings, api: string) {
    this.#c = c
    this.#around = around
    this.#asked = new Incoming(c, around, api)
    this.#forms = new FormTokens(c, around, api)
    this.#counting = new Counting(c, around, this.#asked)
    this.#bodies = new Bodies(c, around, this.#asked, this.#forms, this.#counting)
  }

  async handle(byMethod: Map<string, Endpoint>): Promise<Response> {
    const c = this.#c
    this.#byMethod = byMethod
    try {
      this.#asked.want(byMethod)
      const rate = byMethod.get(c.req.method === 'HEAD' ? 'GET' : c.req.method)?.rate
      // a monitor is nobody: whether the process runs doesn't hang on who asks
      if (rate !== 'none') await this.#authenticate(rate)
      this.#asked.readAddress()
      const body = this.#asked.reads ? undefined : await this.#body(byMethod)
      // it may have come slowly
      if (this.#actor?.renewal?.due) await this.#actor.renewal.confirm()
      const answer = await this.#run(chosen(byMethod, c.req.method, body), body)
      if (this.#actor) this.#around.used(this.#actor)
      return answer
    } catch (error) {
      return this.fail(error)
    }
  }

  /** For what is no endpoint: an answer in the frame of whoever asks. @param page where they find what they want */
  async refuse(error: HttpError, page?: string): Promise<Response> {
    try {
      await this.#authenticate()
    } catch (failed) {
      return this.fail(failed)
    }
    if (page && this.#asked.wanted !== 'json') return respond({ location: page }, this.#out())
    return this.fail(error)
  }

  /** Counts the call, also where it is nobody's. */
  #authenticate(rate: RateClass = 'api'): Promise<void> {
    return this.#identify().finally(() => (rate === 'api' ? this.#counting.call(this.#actor) : undefined))
  }

  async #identify(): Promise<void> {
    this.#credential = credentialOf(this.#c, this.#around.cookies)
    const via = { via: this.#asked.via, requestId: this.#asked.id, ip: this.#asked.ip } as const
    this.#actor = await authenticate(this.#credential, this.#around.rights, via)
    if (this.#actor) this.#around.seen(this.#actor.identity, via.ip)
  }

  /** Anything thrown, as an answer; a refusal of somebody goes into the trail first. */
  async fail(thrown: unknown): Promise<Response> {
    let error = httpError(thrown)
    if (error.status === 500) {
      this.#around.log.error(
        { err: thrown, request: this.#asked.id, path: this.#asked.path },
        'request failed',
      )
    }
    const json = this.#asked.wanted === 'json'
    const led = error.page && !json
    const refused = thrown instanceof Displaced ? thrown.actor : error.status === 403 ? this.#actor : null
    if (refused && !led) {
      const wanted = (thrown as { wanted?: string }).wanted ?? error.type
      await this.#around.denied(refused, wanted, this.#asked.path).catch((lost) => {
        error = httpError(lost)
      })
    }
    const out = this.#out()
    if (json) return respondError(error, out, this.#asked.path)
    if (!this.#asked.reads) {
      if (this.#asked.wanted === 'page' && !this.#fields) await this.#keep()
      return answerForm(error, this.#sent)
    }
    const first = error.page ?? (error.status === 401 ? paths.login : undefined)
    return first ? leadTo(first, this.#asked, out) : respondError(error, out, this.#asked.path)
  }

  get #sent(): Sent {
    return {
      c: this.#c,
      around: this.#around,
      asked: this.#asked,
      out: this.#out(),
      fields: this.#fields,
      endpoint: this.#endpoint,
      call: () => this.#callOf(undefined, this.#fields ?? {}),
      admit: async (endpoint) => {
        const grant = admit(endpoint, this.#actor)
        await requireProof(endpoint, this.#actor, this.#around.db)
        await this.#validate(endpoint)
        const fields = this.#fields ?? {}
        const [version = null] = seenVersions(this.#c, fields.version)
        return { ...this.#callOf(grant, fields), version }
      },
    }
  }

  async #body(byMethod: ReadonlyMap<string, Endpoint>): Promise<Body> {
    const body = await this.#bodies.read(byMethod, this.#actor)
    if (body.kind === 'form' && this.#bodies.vouched) this.#fields = body.fields
    return body
  }

  /** What a form of ours holds that was refused before it was read. */
  async #keep(): Promise<void> {
    if (this.#asked.bearer) return
    try {
      const body = await this.#bodies.kept(this.#actor)
      this.#endpoint = body && chosen(this.#byMethod, this.#c.req.method, body)
      this.#fields = body?.fields ?? null
    } catch {
      // none of ours, or too much: there is nothing to give back
    }
  }

  async #run(endpoint: Endpoint, body: Body | undefined): Promise<Response> {
    this.#endpoint = endpoint
    if (body && !this.#asked.bearer) this.#forms.check(body, this.#session)
    const grant = admit(endpoint, this.#actor)
    await requireProof(endpoint, this.#actor, this.#around.db)
    await this.#validate(endpoint)
    await this.#counting.attempt(endpoint, this.#actor, body?.fields)
    const ofForm = body?.kind === 'form' ? body.fields.version : undefined
    return this.#act(endpoint, body, grant, seenVersions(this.#c, ofForm))
  }

  /** @param versions that the writer has seen; where the first is none of the record's, the next may be */
  async #act(
    endpoint: Endpoint,
    body: Body | undefined,
    grant: Grant | undefined,
    [version = null, ...others]: (number | null)[],
  ): Promise<Response> {
    const isForm = body?.kind === 'form'
    const once = onceDoor(this.#c, endpoint, {
      door: this.#around.db,
      actor: this.#actor,
      body,
      secret: this.#around.config.SECRET_KEY,
    })
    const call = {
      ...this.#callOf(grant, body?.fields ?? {}),
      db: once ?? this.#around.db,
      file: body?.file,
      version,
    }
    try {
      if (this.#asked.csv && endpoint.csv) return await this.#file(await endpoint.csv(call as never))
      if (isForm && call.find) throw new SearchStep()
      const fields = isForm ? call.sent : (body?.fields ?? {})
      const given = endpoint.body ? validBody(endpoint.body, fields) : undefined
      const answer = await endpoint.handle({ ...call, body: given } as never)
      if (answer.moved && this.#actor) this.#around.rights.forget(this.#actor.identity.sessionId)
      await this.#counting.succeeded(endpoint)
      if (answer.resumes) return await resumed(this.#c, this.#around, answer.resumes, answer.cookies)
      const headers = once?.replayed ? { ...answer.headers, 'Idempotency-Replayed': 'true' } : answer.headers
      return await respond({ ...answer, headers }, this.#out(endpoint))
    } catch (thrown) {
      if (others.length && httpError(thrown).status === 412) return this.#act(endpoint, body, grant, others)
      return this.#again(endpoint, call as unknown as Call, thrown)
    }
  }

  async #validate(endpoint: Endpoint): Promise<void> {
    this.#asked.checkQuery(endpoint)
    await this.#around.validate(endpoint, this.#c)
  }

  #callOf(grant: Grant | undefined, fields: Record<string, unknown>): Call {
    return callOf(fields, {
      c: this.#c,
      around: this.#around,
      asked: this.#asked,
      actor: this.#actor,
      grant,
    })
  }

  /** A question in an address that was refused comes again in its form; everything else is for `fail`. */
  async #again(endpoint: Endpoint, call: Call, thrown: unknown): Promise<Response> {
    const { status, message, errors = [], headers } = httpError(thrown)
    const asks = this.#asked.reads && this.#asked.wanted !== 'json' && [400, 404].includes(status)
    if (!asks || !endpoint.refused) throw thrown
    const screen = await endpoint.refused(call as never, { status, message, errors, input: call.sent })
    return respond({ status, screen, headers }, this.#out())
  }

  #file(csv: Csv): Promise<Response> {
    return respondCsv(csv, {
      requestId: this.#asked.id,
      common: this.#around.origins.headers(this.#c, this.#asked.api),
      limit: this.#counting.headers,
      head: this.#c.req.raw.method === 'HEAD',
      confirm: async () => this.#actor?.renewal?.confirm(),
      lost: (error) => this.#broken(error),
    })
  }

  #broken(err: unknown): void {
    const { log, denied } = this.#around
    const { id: request, path } = this.#asked
    const failed = (err: unknown) => log.error({ err, request, path }, 'file broke off')
    if (err instanceof Revoked && this.#actor) denied(this.#actor, err.wanted, path).catch(failed)
    else failed(err)
  }

  #out(endpoint?: Endpoint) {
    const { config, cookies } = this.#around
    return {
      wanted: this.#asked.wanted === 'part' && this.#outdated ? ('page' as const) : this.#asked.wanted,
      requestId: this.#asked.id,
      asks: this.#asked.asks,
      common: this.#around.origins.headers(this.#c, this.#asked.api),
      limit: this.#counting.headers,
      // no length tells anything of a secret
      packs: !endpoint?.secret && acceptsGzip(this.#c.req.header('accept-encoding')),
      frame: () => this.#frame(),
      prefixed: (path: string) => config.URL_PREFIX + path,
      locate: (path: string) => config.URL_PREFIX + this.#asked.api + path,
      setNotice: cookies.setNotice,
      cookies: () => [
        ...this.#forms.cookies(),
        ...(cookieValues(this.#c, cookies.notice).length ? [cookies.drop(cookies.notice)] : []),
      ],
      reads: this.#asked.reads,
      noneMatch: this.#c.req.header('if-none-match'),
    }
  }

  #frame(): Frame {
    this.#drawn ??= frameFor(this.#c, this.#around, this.#actor, this.#forms.token(this.#session))
    return this.#drawn
  }

  // Forms are bound to the cookie's token and, away from home, to the organization, so that an old page writes nowhere
  // else. A session that has ended has no authority left: its browser is a visitor's.
  get #session(): string | null {
    if (!this.#actor || this.#credential?.kind !== 'cookie') return null
    const { home, organization } = this.#actor.identity
    return home ? `${this.#credential.token} ${organization.id}` : this.#credential.token
  }

  /** The page that asks for a part of itself is of another session or organization. */
  get #outdated(): boolean {
    const token = this.#c.req.header('x-csrf-token')
    return token !== undefined && this.#session !== null && !this.#forms.isOf(this.#session, token)
  }
}
