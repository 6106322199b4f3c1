import type { Identity, UserActor } from '#src/access/actor.ts'
import type { Database } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'

const EVERY_MS = 30_000

type Use = readonly [org: string, person: string, model: string, action: string]

/** Collects sightings of sessions and API keys, and uses of permissions, and writes them in batches: no GET writes. */
export class LastSeen {
  readonly #db: Database
  readonly #timer: NodeJS.Timeout
  #sessions = new Set<string>()
  #keys = new Map<string, string | null>()
  #uses = new Map<string, Use>()

  constructor(db: Database) {
    this.#db = db
    this.#timer = setInterval(() => void this.flush(), EVERY_MS)
    this.#timer.unref()
  }

  mark = ({ sessionId, apiKey }: Pick<Identity, 'sessionId' | 'apiKey'>, ip: string | null): void => {
    if (apiKey) this.#keys.set(apiKey.id, ip)
    else this.#sessions.add(sessionId)
  }

  /** Impersonation doesn't count as use. */
  use = ({
    orgId,
    userId,
    identity,
    used,
  }: Pick<UserActor, 'orgId' | 'userId' | 'identity' | 'used'>): void => {
    if (identity.impersonatorId) return
    for (const permission of used) {
      const [model = '', action = ''] = permission.split(':')
      this.#uses.set(`${userId} ${permission}`, [orgId, userId, model, action])
    }
  }

  async flush(): Promise<void> {
    const [sessions, keys, uses] = [this.#sessions, this.#keys, this.#uses]
    this.#sessions = new Set()
    this.#keys = new Map()
    this.#uses = new Map()
    if (sessions.size)
      await this.#db.lookup(fn.sessions_seen({ ids: [...sessions] })).catch(() => {
        for (const id of sessions) this.#sessions.add(id)
      })
    if (keys.size)
      await this.#db
        .lookup(fn.api_keys_used({ ids: [...keys.keys()], ips: [...keys.values()] }))
        .catch(() => {
          this.#keys = new Map([...keys, ...this.#keys])
        })
    if (uses.size)
      await this.#db.lookup(fn.permissions_used(columnsOf([...uses.values()]))).catch(() => {
        this.#uses = new Map([...uses, ...this.#uses])
      })
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }
}

const columnsOf = (uses: readonly Use[]) => ({
  orgs: uses.map(([org]) => org),
  people: uses.map(([, person]) => person),
  models: uses.map(([, , model]) => model),
  actions: uses.map(([, , , action]) => action),
})
