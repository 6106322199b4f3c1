import type { Identity } from '#src/access/actor.ts'
import type { Database } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'

const EVERY_MS = 30_000

/** Collects which sessions were seen, and which API keys from where, and writes them together: no GET writes. */
export class LastSeen {
  readonly #db: Database
  readonly #timer: NodeJS.Timeout
  #sessions = new Set<string>()
  #keys = new Map<string, string | null>()

  constructor(db: Database) {
    this.#db = db
    this.#timer = setInterval(() => void this.flush(), EVERY_MS)
    this.#timer.unref()
  }

  mark = ({ sessionId, apiKey }: Pick<Identity, 'sessionId' | 'apiKey'>, ip: string | null): void => {
    if (apiKey) this.#keys.set(apiKey.id, ip)
    else this.#sessions.add(sessionId)
  }

  /** Writes what was collected; what can't be written now is tried with the next. */
  async flush(): Promise<void> {
    const [sessions, keys] = [this.#sessions, this.#keys]
    this.#sessions = new Set()
    this.#keys = new Map()
    if (sessions.size)
      await this.#db.lookup(fn.sessions_seen({ ids: [...sessions] })).catch(() => {
        for (const id of sessions) this.#sessions.add(id)
      })
    if (keys.size)
      await this.#db
        .lookup(fn.api_keys_used({ ids: [...keys.keys()], addresses: [...keys.values()] }))
        .catch(() => {
          this.#keys = new Map([...keys, ...this.#keys])
        })
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }
}
