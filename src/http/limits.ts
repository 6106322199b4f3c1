import { createHmac } from 'node:crypto'
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'
import type { Actor } from '#src/access/actor.ts'
import type { Config } from '#src/config.ts'
import type { Database } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { wait } from '#src/errors.ts'
import { HttpError } from '#src/http/errors.ts'
import { rateKey } from '#src/http/ip-ranges.ts'
import { tokenHash } from '#src/platform/token.ts'
import { WindowCounter, type WindowState } from '#src/platform/window-counter.ts'

const sensitive = ['sign-in', 'reset', 'registration', 'invitation', 'refresh'] as const
export type Sensitive = (typeof sensitive)[number]
/** Attempts whose success proves an identity. */
const proving: readonly Sensitive[] = ['sign-in', 'invitation']
/** What a request counts as: a JSON call, an attempt of its own kind, or nothing. */
export type RateClass = Sensitive | 'api' | 'none'

export const isSensitive = (rate: RateClass): rate is Sensitive => rate !== 'api' && rate !== 'none'

export type RateLimitState = WindowState & { policy: string; limit: number; seconds: number }

export type Arrival = { ip: string | null; requestId: string }

export type Attempt = Arrival & {
  names: readonly string[]
  others: readonly string[]
  device: string | null
}

export class Limits {
  readonly #db: Database
  readonly #config: Config
  readonly #nameOf: (text: string) => string
  readonly #calls: WindowCounter
  readonly #attempts: ReadonlyMap<Sensitive, RateLimiterPostgres>

  constructor(db: Database, config: Config, nameOf: (text: string) => string) {
    const { RATE_LIMIT_REQUESTS: limit, RATE_LIMIT_WINDOW: seconds } = config
    this.#db = db
    this.#config = config
    this.#nameOf = nameOf
    this.#calls = new WindowCounter(db, { limit, windowMs: seconds * 1000 })
    this.#attempts = new Map(sensitive.map((rate) => [rate, exact(db, rate, mostOf(rate, config), seconds)]))
  }

  /** Counts a call by API key, by person across sessions, or by IP address if anonymous. */
  async call(actor: Actor | null, ip: string | null): Promise<RateLimitState> {
    const { RATE_LIMIT_REQUESTS: limit, RATE_LIMIT_WINDOW: seconds } = this.#config
    const key = actor?.identity.apiKey?.id ?? actor?.userId ?? this.#hidden('address', rateKey(ip))
    const standing = { policy: 'api', limit, seconds, ...(await this.#calls.take(`api:${key}`)) }
    if (!standing.taken) throw reached(standing, 'Too many requests')
    return standing
  }

  arrive(rate: Sensitive, from: Arrival): Promise<RateLimitState> {
    return this.#take(rate, 'address', rateKey(from.ip), from)
  }

  attempt(rate: Sensitive, of: Attempt): Promise<RateLimitState[]> {
    const names = [...new Set(of.names.map(this.#nameOf))]
    return Promise.all([
      ...names.map((name) => this.#takeOfName(rate, name, of)),
      ...of.others.map((other) => this.#take(rate, 'other', other, of)),
    ])
  }

  async succeed(rate: Sensitive, { ip }: Arrival, arrived: RateLimitState): Promise<RateLimitState> {
    if (!proving.includes(rate)) return arrived
    const limiter = this.#attempts.get(rate) as RateLimiterPostgres
    const key = limiter.getKey(this.#hidden('address', rateKey(ip)))
    const back =
      'update rate_limits set points = least(points, $3) - 1 where key = $1 and points > 0 and expire > $2'
    // while the database is down, attempts count in memory
    const { rowCount } = await this.#db.pool
      .query(back, [key, Date.now(), arrived.limit])
      .catch(() => ({ rowCount: 0 }))
    if (!rowCount) return arrived
    // drops refusals in memory: the database knows who has none left
    limiter.deleteInMemoryBlockedAll()
    return { ...arrived, left: Math.min(arrived.left + 1, arrived.limit) }
  }

  /** Strangers can't lock out the owner: a known browser has its own count. */
  async #takeOfName(rate: Sensitive, name: string, of: Attempt): Promise<RateLimitState> {
    try {
      return await this.#take(rate, 'name', name, of)
    } catch (over) {
      const known =
        of.device && (await this.#db.lookup(fn.knows_browser({ name, device: tokenHash(of.device) })))
      if (!known) throw over
      return this.#take(rate, 'browser', `${name} ${of.device}`, of)
    }
  }

  async #take(
    rate: Sensitive,
    kind: string,
    whose: string,
    { ip, requestId }: Arrival,
  ): Promise<RateLimitState> {
    const { RATE_LIMIT_WINDOW: seconds } = this.#config
    const limit = mostOf(rate, this.#config)
    const key = this.#hidden(kind, whose)
    const limiter = this.#attempts.get(rate) as RateLimiterPostgres
    const result = await limiter.consume(key).catch((refused) => {
      if (refused instanceof RateLimiterRes) return refused
      throw refused
    })
    const { consumedPoints, remainingPoints: left, msBeforeNext: ms } = result
    const taken = consumedPoints > 0 && consumedPoints <= limit
    const standing = { policy: rate, limit, seconds, taken, left, ms }
    if (taken) return standing
    if (consumedPoints === limit + 1) {
      const details = { rate, of: kind, hash: key }
      await this.#db.lookup(fn.note_limit({ details, request: requestId, ip })).catch(() => {})
    }
    throw reached(standing, 'Too many attempts')
  }

  /** Keyed, so that the database holds no names or IP addresses, not even guessable ones. */
  #hidden(kind: string, whose: string): string {
    const { SECRET_KEY } = this.#config
    return createHmac('sha256', SECRET_KEY).update(`rate ${kind} ${whose}`).digest('base64url').slice(0, 22)
  }
}

/** Tokens can't be guessed, and programs behind one IP address renew their own: counts like calls. */
const mostOf = (rate: Sensitive, { RATE_LIMIT_REQUESTS, SIGN_IN_ATTEMPTS }: Config): number =>
  rate === 'refresh' ? RATE_LIMIT_REQUESTS : SIGN_IN_ATTEMPTS

/** Counts each attempt in PostgreSQL; in memory while that is down, or once none is left. */
function exact(db: Database, rate: Sensitive, points: number, duration: number): RateLimiterPostgres {
  const options = { points, duration, keyPrefix: rate }
  return new RateLimiterPostgres({
    ...options,
    storeClient: db.pool,
    storeType: 'pool',
    tableName: 'rate_limits',
    tableCreated: true,
    clearExpiredByTimeout: false,
    inMemoryBlockOnConsumed: points + 1,
    insuranceLimiter: new RateLimiterMemory(options),
  })
}

const secondsOf = (ms: number) => Math.max(1, Math.ceil(ms / 1000))

export function limitHeaders({ policy, limit, seconds, left, ms }: RateLimitState): Record<string, string> {
  const reset = secondsOf(ms)
  return {
    'RateLimit-Policy': `"${policy}";q=${limit};w=${seconds}`,
    RateLimit: `"${policy}";r=${left};t=${reset}`,
    'RateLimit-Limit': String(limit),
    'RateLimit-Remaining': String(left),
    'RateLimit-Reset': String(reset),
  }
}

function reached(standing: RateLimitState, title: string): HttpError {
  const seconds = secondsOf(standing.ms)
  return new HttpError(429, `${title}. Try again in ${wait(seconds)}.`, {
    title,
    type: 'quota-exceeded',
    headers: { ...limitHeaders(standing), 'Retry-After': String(seconds) },
  })
}
