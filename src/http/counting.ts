import type { Context } from 'hono'
import type { Actor } from '#src/access/actor.ts'
import type { AppContext } from '#src/http/app-context.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import type { Body } from '#src/http/input.ts'
import { isSensitive, limitHeaders, type RateClass, type RateLimitState } from '#src/http/limits.ts'
import type { RequestInfo } from '#src/http/request-info.ts'

const isText = (one: unknown): one is string => typeof one === 'string'

export class Counting {
  readonly #c: Context
  readonly #app: Pick<AppContext, 'limits' | 'cookies'>
  readonly #info: RequestInfo
  #first: RateLimitState | null = null
  #arrived: RateClass | null = null
  #others: readonly RateLimitState[] = []

  constructor(c: Context, app: Pick<AppContext, 'limits' | 'cookies'>, info: RequestInfo) {
    this.#c = c
    this.#app = app
    this.#info = info
  }

  async call(actor: Actor | null): Promise<void> {
    const { limits } = this.#app
    if (limits) this.#first = await limits.call(actor, this.#info.ip)
  }

  async arrive({ rate }: Endpoint): Promise<void> {
    const { limits } = this.#app
    if (!limits || !isSensitive(rate) || this.#arrived === rate) return
    this.#arrived = rate
    this.#first = await limits.arrive(rate, this.#from)
  }

  /** Counts an attempt by its target, before any work. @throws {HttpError} 429 */
  async attempt(endpoint: Endpoint, actor: Actor | null, fields: Body['fields'] = {}): Promise<void> {
    await this.arrive(endpoint)
    const { limits, cookies } = this.#app
    if (!limits || !isSensitive(endpoint.rate)) return
    const links = [fields.token, this.#c.req.param('token')].map((token) => token && `link ${token}`)
    const others = [...links, actor && `person ${actor.userId}`].filter(isText)
    const names = [fields.username, fields.email].filter(isText)
    const device = cookies.deviceOf(this.#c)
    this.#others = await limits.attempt(endpoint.rate, { names, others, device, ...this.#from })
  }

  /** A success was no guess: a whole office may sign in from one IP address. */
  async succeeded({ rate }: Endpoint): Promise<void> {
    const { limits } = this.#app
    if (!limits || !isSensitive(rate) || !this.#first) return
    this.#first = await limits.succeed(rate, this.#from, this.#first)
  }

  get headers(): Record<string, string> | undefined {
    if (!this.#first) return undefined
    return limitHeaders(
      this.#others.reduce((least, one) => (one.left < least.left ? one : least), this.#first),
    )
  }

  get #from() {
    return { ip: this.#info.ip, requestId: this.#info.id }
  }
}
