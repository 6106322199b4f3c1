import type { Database } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'

/** Whether one was left to take, how many remain, and in how many ms the window ends. */
export type WindowState = { taken: boolean; left: number; ms: number }

/** A key's window as this process knows it: settled by all, and its own counts being sent or waiting. */
type Count = { key: string; settled: number; sent: number; waiting: number; until: number }

type Options = { limit: number; windowMs: number; settleMs?: number }

/** Keys held in memory; a dropped key is loaded again. */
const MOST = 50_000

/**
 * Counts by key, in windows, across all processes: in memory, settled with PostgreSQL a few times a second, all keys in
 * one statement and outside any request. A process is never more than `slack` of a key ahead; the next caller waits for
 * the settling. So n processes together allow at most (n - 1) × slack over the limit.
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

  /** Takes one of a key. A refusal isn't counted and costs only a look-up in memory. */
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

  /** Sends the counts to the database and reads those of other processes. */
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
    // while the database is down, each process counts alone
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
    // keeps the oldest windows first
    this.#counts.delete(key)
    this.#counts.set(key, begun)
    for (const [old, { until }] of this.#counts) {
      if (until > now && this.#counts.size <= MOST) break
      this.#counts.delete(old)
    }
    return begun
  }
}

/** By key: the count, and the ms left in its window. */
type Known = Record<string, [number, number]>

/** How far a process may run ahead of the others: a tenth of the limit. */
export const slackOf = (limit: number) => Math.max(1, Math.floor(limit / 10))
