import {
  type Compilable,
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type RawBuilder,
  sql,
} from 'kysely'
import type pg from 'pg'
import { CountMemory } from '#src/db/counts.ts'
import { answerOf, RolledBack } from '#src/db/dry-run.ts'
import { CommitLost, CommitUnknown, translated, Unavailable } from '#src/db/errors.ts'
import { beginStatement, enterStatement, enterToReadStatement, oneTrip } from '#src/db/one-trip.ts'
import { type Client, Pool, WAIT_MS } from '#src/db/pool.ts'
import { Shares } from '#src/db/shares.ts'
import type { DB } from '#src/db/types.ts'
import { wire } from '#src/db/wire.ts'

/** A handle on tenant tables, for one transaction, one organization and one actor. */
export type Tx = Kysely<DB>

/** Who a transaction acts for: organization, context (JSON) for the audit trail, and a recheck of access when due. */
export type Acting = {
  readonly orgId: string
  readonly context: string
  readonly renewal?: { readonly due: boolean; recheck(): Promise<void> } | null
}

type Options = {
  /** Connections of this process, at most. */
  max?: number
  /** Longest wait for a free connection, in ms. */
  waitMs?: number
  /** Longest statement, in ms. */
  timeoutMs?: number
  /** Runs single reads in one round trip instead of a plain pipelined transaction. */
  oneTrip?: boolean
}

const compiler = new PostgresQueryCompiler()
const adapter = new PostgresAdapter()
const overDriver = (driver: Driver): Tx =>
  new Kysely<DB>({
    dialect: {
      createAdapter: () => adapter,
      createDriver: () => driver,
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => compiler,
    },
  })

/** Builds statements for `readAs`; runs none. */
const cold = overDriver(new DummyDriver())

/** The one door: every handle on tenant tables comes from `withActor`, `readAs` or `asSystem`. */
export class Database {
  readonly #pool: Pool
  /** One connection for look-ups made during transactions, so that these never wait for each other. */
  readonly #beside: Pool
  readonly #shares: Shares
  readonly #timeoutMs: number
  readonly #oneTrip: boolean
  /** Lists that are too long to count. */
  readonly counts = new CountMemory()
  /** Round trips and statements since the start, for benchmarks and tests. */
  readonly counted = { statements: 0, roundTrips: 0 }

  constructor(url: string, { max = 20, waitMs = WAIT_MS, timeoutMs = 10_000, oneTrip = true }: Options = {}) {
    this.#pool = new Pool(url, { max, waitMs, timeoutMs })
    this.#beside = new Pool(url, { max: 1, waitMs, timeoutMs })
    this.#shares = new Shares(max, waitMs)
    this.#timeoutMs = timeoutMs
    this.#oneTrip = oneTrip
  }

  /**
   * Runs `work` in one transaction as the actor; all or nothing. A transaction that loses to another (deadlock,
   * serialization failure) runs again, so `work` must touch nothing but its handle.
   * @throws {CommitLost} if the server answered the commit with a rollback
   * @throws {CommitUnknown} if it didn't answer
   * @throws {Unavailable} if the database is down or the pool stays exhausted
   */
  async withActor<T>(actor: Acting, work: (tx: Tx) => Promise<T>): Promise<T> {
    return retried(() => this.#shares.within(actor.orgId, () => this.#transaction(actor, work)))
  }

  /** Runs `work`, returns or throws what it would, and rolls everything back. */
  dryRun<T>(actor: Acting, work: (tx: Tx) => Promise<T>): Promise<T> {
    const transaction = this.withActor<T>(actor, async (tx) => {
      throw new RolledBack(await work(tx))
    })
    return answerOf(transaction)
  }

  /**
   * Runs one reading statement as the actor, in one round trip.
   * @param prepared keeps the plan: only for statements whose plan doesn't depend on the organization's size
   */
  async readAs<T>(actor: Acting, build: (db: Tx) => Compilable<T>, { prepared = false } = {}): Promise<T[]> {
    if (actor.renewal?.due) await actor.renewal.recheck()
    const statement = wire(build(cold).compile(), prepared)
    const enter = enterToReadStatement(actor.orgId, actor.context, this.#timeoutMs)
    const read = async (client: Client) => {
      this.counted.statements += 2
      this.counted.roundTrips += 1
      if (this.#oneTrip) return (await oneTrip(client, [enter], statement)).rows as T[]
      const answers = await Promise.all([
        client.query('BEGIN READ ONLY'),
        client.query(enter),
        client.query(statement),
        client.query('COMMIT'),
      ])
      return answers[2].rows as T[]
    }
    return retried(() => this.#shares.within(actor.orgId, () => this.#use(read)))
  }

  /** Calls a reviewed definer function before any organization is known; `beside` for calls during a transaction. */
  async lookup<T>(call: RawBuilder<T>, { beside = false } = {}): Promise<T> {
    const statement = wire(sql`select ${call} as answer`.compile(cold), true)
    return this.#use(
      async (client) => {
        this.counted.statements += 1
        this.counted.roundTrips += 1
        const { rows } = await client.query(statement)
        return rows[0].answer as T
      },
      beside ? this.#beside : this.#pool,
    )
  }

  /** Whether the database responds. */
  async ready(): Promise<boolean> {
    return this.#pool.answers()
  }

  /** The pool itself, for what belongs to no organization: rate limits, the start-up check. */
  get pool(): Pool {
    return this.#pool
  }

  /** Waits for running work, then closes every connection. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.end(), this.#beside.end()])
  }

  async #use<T>(work: (client: Client) => Promise<T>, pool = this.#pool): Promise<T> {
    let client: Client
    try {
      client = await pool.connect()
    } catch (error) {
      throw translated(error)
    }
    let broken: Error | undefined
    try {
      return await work(client)
    } catch (error) {
      const { severity } = error as { severity?: string }
      if (!severity || severity === 'FATAL' || hasStalePlan(error)) broken = error as Error
      throw translated(error)
    } finally {
      client.release(broken)
    }
  }

  async #transaction<T>(actor: Acting, work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((error) => {
      throw translated(error)
    })
    const connection = new TransactionConnection(client, actor, this.counted, this.#opening(client, actor))
    let broken: unknown
    try {
      const result = await work(overDriver(connection))
      if (!connection.isOpen) return result
      if (actor.renewal?.due) await actor.renewal.recheck()
      this.counted.statements += 1
      this.counted.roundTrips += 1
      const commit = await client.query('COMMIT').catch(unheard)
      if (commit.command !== 'COMMIT') throw new CommitLost()
      return result
    } catch (error) {
      const over = error instanceof CommitLost || error instanceof CommitUnknown
      broken = over || hasStalePlan(error) ? error : undefined
      if (!broken && connection.isOpen) await client.query('ROLLBACK').catch((lost) => (broken = lost))
      throw error
    } finally {
      connection.end()
      client.release(broken as Error | undefined)
    }
  }

  /** A transaction begins with its first statement, in the same round trip. */
  #opening(client: Client, { orgId, context }: Acting): Send {
    const prologue = [beginStatement, enterStatement(orgId, context, this.#timeoutMs)]
    return async (statement) => {
      this.counted.statements += prologue.length
      if (this.#oneTrip) return oneTrip(client, prologue, statement)
      const answers = await Promise.all([...prologue, statement].map((each) => client.query(each)))
      return answers[prologue.length] as pg.QueryResult
    }
  }
}

type Send = (statement: pg.QueryConfig) => Promise<pg.QueryResult>

/** The outcome of a commit whose connection broke is unknown, unless it was never sent. */
function unheard(error: Error & { severity?: string }): never {
  const answered = error.severity === 'ERROR' || !(translated(error) instanceof Unavailable)
  throw answered || /not queryable/.test(error.message) ? error : new CommitUnknown(error)
}

const MAX_ATTEMPTS = 4

/** A kept plan that a migration made stale: the connection that holds it is closed. */
const hasStalePlan = (error: unknown) =>
  (error as { code?: string }).code === '0A000' && /cached plan/.test((error as Error).message)

/** Retries work that lost a conflict: a deadlock, a serialization failure, a migration. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const passing =
        ['40001', '40P01'].includes((error as { code?: string }).code ?? '') || hasStalePlan(error)
      if (attempt === MAX_ATTEMPTS || !passing) throw translated(error)
    }
  }
}

/** What handlers see of the database: `Database` itself, or `OnceDoor`. */
export type Door = Pick<Database, 'withActor' | 'dryRun' | 'readAs' | 'lookup' | 'ready' | 'counts'>

/** A statement with more varies in form (a list of rows), so its plan isn't kept. */
const MAX_KEPT_PARAMETERS = 40

/** Kysely over the one connection of a transaction; unusable once that has ended. */
class TransactionConnection implements Driver, DatabaseConnection {
  readonly #client: Client
  readonly #actor: Acting
  readonly #counted: Database['counted']
  /** Sends the first statement. */
  readonly #open: Send
  #ended = false
  isOpen = false

  constructor(client: Client, actor: Acting, counted: Database['counted'], open: Send) {
    this.#client = client
    this.#actor = actor
    this.#counted = counted
    this.#open = open
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#actor.renewal?.due) await this.#actor.renewal.recheck()
    if (this.#ended) throw new Error('the transaction of this handle has ended')
    this.#counted.statements += 1
    this.#counted.roundTrips += 1
    const statement = wire(query, query.parameters.length <= MAX_KEPT_PARAMETERS)
    const send: Send = this.isOpen ? (each) => this.#client.query(each) : this.#open
    this.isOpen = true
    const { rows, rowCount, command } = await send(statement)
    return command === 'SELECT' ? { rows } : { rows, numAffectedRows: BigInt(rowCount ?? 0) }
  }

  end() {
    this.#ended = true
  }

  async acquireConnection() {
    return this
  }

  async init() {}
  async releaseConnection() {}
  async destroy() {}

  async beginTransaction() {
    throw new Error('already in a transaction')
  }
  async commitTransaction() {}
  async rollbackTransaction() {}

  // biome-ignore lint/correctness/useYield: kysely's interface asks for a generator
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('a transaction does not stream')
  }
}
