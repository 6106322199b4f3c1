import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'
import type { Pool } from '#src/db/pool.ts'
import { HttpError } from '#src/http/errors.ts'

/** Takes one attempt of a key; 429 with `Retry-After` when there is none left. */
export type Limit = (key: string) => Promise<void>

/**
 * Counts in PostgreSQL, so that all processes share it; in memory while that doesn't answer.
 * @param attempts per key in the window
 * @param seconds of the window
 */
export function limit(pool: Pool, name: string, attempts: number, seconds: number): Limit {
  const options = { points: attempts, duration: seconds, keyPrefix: name }
  const limiter = new RateLimiterPostgres({
    ...options,
    storeClient: pool,
    storeType: 'pool',
    tableName: 'rate_limits',
    tableCreated: true,
    clearExpiredByTimeout: false,
    insuranceLimiter: new RateLimiterMemory(options),
  })
  return async (key) => {
    try {
      await limiter.consume(key)
    } catch (reached) {
      if (!(reached instanceof RateLimiterRes)) throw reached
      const wait = Math.max(1, Math.ceil(reached.msBeforeNext / 1000))
      throw new HttpError(429, `Too many attempts. Try again in ${wait} seconds.`, {
        headers: { 'Retry-After': String(wait), RateLimit: `"${name}";r=0;t=${wait}` },
      })
    }
  }
}
