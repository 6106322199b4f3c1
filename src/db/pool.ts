import pg from 'pg'
import { common, cut, noticed } from '#src/db/client.ts'
import { Unavailable } from '#src/db/errors.ts'
import { beginStatement, enterStatement, enterToReadStatement } from '#src/db/one-trip.ts'
import { Pulse } from '#src/db/pulse.ts'

export type Client = pg.PoolClient

/** The server cancels a statement at its limit; after this much longer, in ms, the client gives up on the server. */
const GRACE_MS = 1000
const NOBODY = '00000000-0000-0000-0000-000000000000'
const LOOK_MS = 250
/** A statement that takes longer, in ms, triggers a check whether the database still responds. */
const LATE_MS = 500

/** Longest wait for a free connection, in ms. */
export const WAIT_MS = 2000

type Options = {
  max: number
  /** Longest wait for a free connection, in ms. */
  waitMs?: number
  /** Statement timeout, in ms. */
  timeoutMs: number
}

/**
 * The connections of one process, as the application's role. Clients are pipelined: statements sent in one tick share a
 * round trip.
 *
 * Every wait has a limit on the client's side and ends in an error that becomes a 503: for a connection, and for each
 * statement a little after the server's own limit. When the database stops responding, all waiters fail at once, their
 * connections are destroyed, and none are handed out until it responds again.
 */
export class Pool extends pg.Pool {
  readonly #pulse: Pulse
  readonly #all = new Set<Client>()
  /** Start time of each connection in use. */
  readonly #lent = new Map<Client, number>()
  readonly #look: NodeJS.Timeout

  constructor(url: string, { max, waitMs = WAIT_MS, timeoutMs }: Options) {
    const options = {
      ...common,
      connectionString: url,
      max,
      pipeline: true,
      connectionTimeoutMillis: waitMs,
      query_timeout: timeoutMs + GRACE_MS,
      idleTimeoutMillis: 60_000,
      // prepared on connect, so that a one-trip statement never parses two at once
      onConnect: (client: pg.ClientBase) =>
        Promise.all(
          [
            beginStatement,
            enterStatement(NOBODY, '{}', 0),
            { text: 'ROLLBACK' },
            enterToReadStatement(NOBODY, '{}', 0),
          ].map((each) => client.query(Object.assign({ query_timeout: waitMs }, each))),
        ),
    }
    super(options)
    this.#pulse = new Pulse(url, () => this.#all.forEach(cut))
    this.#look = setInterval(() => this.#lookAfter(), LOOK_MS).unref()
    this.on('error', noticed)
    this.on('connect', (client) => this.#all.add(client.on('error', noticed)))
    this.on('remove', (client) => this.#all.delete(client))
    this.on('acquire', (client) => this.#lent.set(client, performance.now()))
    this.on('release', (_, client) => this.#lent.delete(client))
  }

  /** Whether the database responds, however busy the connections are. */
  answers(): Promise<boolean> {
    return this.#pulse.silent ? Promise.resolve(false) : this.#pulse.ask()
  }

  // pg's own `query` calls this with a callback
  override connect: pg.Pool['connect'] = ((callback?: (error: Error) => void) => {
    if (!this.#pulse.silent) return callback ? super.connect(callback as never) : super.connect()
    const error = new Unavailable('the database does not answer')
    return callback ? callback(error) : Promise.reject(error)
  }) as pg.Pool['connect']

  override end: pg.Pool['end'] = ((callback?: () => void) => {
    clearInterval(this.#look)
    this.#pulse.close()
    return callback ? super.end(callback) : super.end()
  }) as pg.Pool['end']

  #lookAfter(): void {
    const [oldest] = this.#lent.values()
    const late = oldest !== undefined && performance.now() - oldest > LATE_MS
    const opening = this.totalCount > this.idleCount + this.#lent.size
    if (late || opening || this.waitingCount > 0) void this.#pulse.ask()
  }
}
