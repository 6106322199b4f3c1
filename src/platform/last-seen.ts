import type { Database } from '#src/db/database.ts'

const EVERY_MS = 30_000

/** Collects which sessions were seen and writes them together, so that no GET writes. */
export class LastSeen {
  readonly #db: Database
  readonly #timer: NodeJS.Timeout
  #sessions = new Set<string>()

  constructor(db: Database) {
    this.#db = db
    this.#timer = setInterval(() => void this.flush(), EVERY_MS)
    this.#timer.unref()
  }

  mark = (sessionId: string): void => {
    this.#sessions.add(sessionId)
  }

  /** Writes what was collected; what can't be written now is tried with the next. */
  async flush(): Promise<void> {
    const seen = this.#sessions
    if (!seen.size) return
    this.#sessions = new Set()
    await this.#db.lookup('sessions_seen', [[...seen]]).catch(() => {
      for (const id of seen) this.#sessions.add(id)
    })
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }
}
