import type { Context } from 'hono'
import type { Actor } from '#src/access/actor.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import type { Incoming } from '#src/http/incoming.ts'
import { isSensitive, limitHeaders, type RateClass, type Standing } from '#src/http/limits.ts'
import type { Surroundings } from '#src/http/surroundings.ts'

/** What one request is counted as, and what is left then. */
export class Count {
  readonly #c: Context
  readonly #around: Surroundings
  readonly #asked: Incoming
  #standing: Standing | null = null
  /** What the attempt was counted as when it came, before its body was read. */
  #arrived: RateClass | null = null

  constructor(c: Context, around: Surroundings, asked: Incoming) {
    this.#c = c
    this.#around = around
    this.#asked = asked
  }

  get left(): Record<string, string> | undefined {
    return this.#standing ? limitHeaders(this.#standing) : undefined
  }

  /** A call of the API, also where it is nobody's. */
  async call(rate: RateClass, actor: Actor | null): Promise<void> {
    const { limits } = this.#around
    if (limits && rate === 'api' && this.#asked.counts)
      this.#standing = await limits.call(actor, this.#asked.ip)
  }

  /** An attempt of an address, before it is read. */
  async arrive({ rate }: Endpoint): Promise<void> {
    const { limits } = this.#around
    if (!limits || !isSensitive(rate) || this.#arrived === rate) return
    this.#arrived = rate
    this.#standing = await limits.arrive(rate, { ip: this.#asked.ip, requestId: this.#asked.id })
  }

  /** What has a class of its own is counted before anything is done for it. */
  async attempt(endpoint: Endpoint, fields: Record<string, unknown>, actor: Actor | null): Promise<void> {
    const { limits, cookies } = this.#around
    const { rate } = endpoint
    await this.arrive(endpoint)
    if (!limits || !isSensitive(rate) || !this.#standing) return
    const links = [fields.token, this.#c.req.param('token')].map((token) => token && `link ${token}`)
    const others = [...links, actor && `person ${actor.userId}`]
    const isText = (one: unknown): one is string => typeof one === 'string'
    const of = {
      ip: this.#asked.ip,
      requestId: this.#asked.id,
      names: [fields.username, fields.email].filter(isText),
      others: others.filter(isText),
      device: cookies.deviceOf(this.#c),
    }
    this.#standing = await limits.attempt(rate, of, this.#standing)
  }
}
