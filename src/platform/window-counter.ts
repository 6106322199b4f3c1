import type { Database } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'

/** Whether there was one left to take; how many are left then, and in how many ms the window ends. */
export type WindowState = { taken: boolean; left: number; ms: number }

/** What this process knows of a key's window: what all have settled, and what of its own is under way or waits. */
type Count = { key: string; settled: number; sent: number; waiting: number; until: number }

type Options = { limit: number; windowMs: number; settleMs?: number }

/** Whoever is forgotten is asked about again. */
const MOST = 50_000

/**
 * Counts by key, in windows, for all processes together: in memory, and settled with PostgreSQL a few times a second,
 * all keys in one statement and in nobody's request. A process is never more than `slack` of a key ahead; whoever
 * comes then waits for the settling. So n processes together give at most (n - 1) × slack more than the limit.
 */
export class WindowCounter {
  readonly #db: Database
  readonly #limit: number
  readonly #slack: number
  readonly #windowMs: number
  readonly #settleMs: number
  readonly #counts = new Map<string, Count>()
  readonly #unsettled = new Set<Count>()
  #settling: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(db: Database, { limit, windowMs, settleMs = 200 }: Options) {
    this.#db = db
    this.#limit = limit
    this.#slack = slackOf(limit)
    this.#windowMs = windowMs
    this.#settleMs = settleMs
  }

  /** Takes one of a key. What is refused isn't counted, and costs no more than a look. */
  async take(key: string): Promise<WindowState> {
    for (;;) {
      const now = performance.now()
      const count = this.#countOf(key, now)
      const ahead = count.sent + count.waiting
      const left = this.#limit - count.settled - ahead
      if (left <= 0) return { taken: false, left: 0, ms: count.until - now }
      if (ahead < this.#slack) {
        count.waiting += 1
        this.#unsettled.add(count)
        this.#timer ??= setTimeout(() => void this.settle(), this.#settleMs).unref()
        return { taken: true, left: left - 1, ms: count.until - now }
      }
      await this.settle()
    }
  }

  /** Tells the database what was counted, and learns what others did. */
  settle(): Promise<void> {
    this.#settling ??= this.#settle().finally(() => {
      this.#settling = undefined
    })
    return this.#settling
  }

  async #settle(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const begun = performance.now()
    const batch = [...this.#unsettled].filter(({ until }) => until > begun)
    this.#unsettled.clear()
    if (!batch.length) return
    for (const count of batch) {
      count.sent = count.waiting
      count.waiting = 0
    }
    const counted = {
      keys: batch.map(({ key }) => key),
      calls: batch.map(({ sent }) => sent),
      window_ms: this.#windowMs,
    }
    // while the database is away, each process counts for itself
    const known = await this.#db.lookup(fn.count_calls<Known | null>(counted)).catch(() => null)
    const now = performance.now()
    for (const count of batch) {
      const [total, ms] = known?.[count.key] ?? [count.settled + count.sent, count.until - now]
      count.settled = total
      count.until = now + ms
      count.sent = 0
    }
  }

  #countOf(key: string, now: number): Count {
    const found = this.#counts.get(key)
    if (found && found.until > now) return found
    const begun = { key, settled: 0, sent: 0, waiting: 0, until: now + this.#windowMs }
    if (found) this.#unsettled.delete(found)
    // those that began first stand first
    this.#counts.delete(key)
    this.#counts.set(key, begun)
    for (const [old, { until }] of this.#counts) {
      if (until > now && this.#counts.size <= MOST) break
      this.#counts.delete(old)
    }
    return begun
  }
}

/** By key: how many there are, and the ms that are left of its window. */
type Known = Record<string, [number, number]>

/** How far a process may be ahead of the others: a tenth of the limit. */
export const slackOf = (limit: number) => Math.max(1, Math.floor(limit / 10))
