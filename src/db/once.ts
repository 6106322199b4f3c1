import { type RawBuilder, sql } from 'kysely'
import type { Acting, Door, Tx } from '#src/db/database.ts'
import { Invalid } from '#src/errors.ts'

/** The key was used for another request. */
class KeyReused extends Invalid {
  constructor() {
    super('This Idempotency-Key was used for a different request.', { type: 'idempotency-key-reused' })
  }
}

/** An idempotent request: its user, its key, and a hash of its content. */
export type Once = { userId: string; key: string; hash: Buffer }

const LASTS = sql.raw(`interval '24 hours'`)
/** Expired rows deleted along with each write. */
const SWEPT = 50

type Claim = { same: boolean; outdated: boolean; result: string | null }

/**
 * A door whose writes happen once for each key. Each transaction first claims its row, where a duplicate waits, and
 * stores the result of `work` together with its writes; a repeated request gets that result, and `work` doesn't run.
 */
export class OnceDoor implements Door {
  readonly #door: Door
  readonly #once: Once
  #transactions = 0
  /** Whether a stored result was returned. */
  replayed = false

  constructor(door: Door, once: Once) {
    this.#door = door
    this.#once = once
  }

  /** `work` must return JSON. @throws {KeyReused} */
  async withActor<T>(actor: Acting, work: (tx: Tx) => Promise<T>): Promise<T> {
    const ordinal = this.#transactions++
    const { kept, replayed } = await this.#door.withActor(actor, async (tx) => {
      const { same, outdated, result } = await this.#claim(tx, ordinal)
      if (result !== null && !outdated) {
        if (!same) throw new KeyReused()
        return { kept: result, replayed: true }
      }
      const made = JSON.stringify({ value: await work(tx) })
      await this.#keep(ordinal, made).execute(tx)
      return { kept: made, replayed: false }
    })
    this.replayed ||= replayed
    return (JSON.parse(kept) as { value: T }).value
  }

  /** Saves nothing, so needs no key. */
  dryRun<T>(actor: Acting, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#door.dryRun(actor, work)
  }

  /** A row without a result is this transaction's own: rows are committed only with their results. */
  async #claim(tx: Tx, ordinal: number): Promise<Claim> {
    const { userId, key, hash } = this.#once
    const { rows } = await sql<Claim>`
      insert into idempotency_keys as k (user_id, key, ordinal, request_hash) values (${userId}, ${key}, ${ordinal}, ${hash})
      on conflict (org_id, user_id, key, ordinal) do update set updated_at = now()
      returning k.request_hash = ${hash} as same, k.created_at < now() - ${LASTS} as outdated, k.result::text as result`.execute(
      tx,
    )
    return rows[0] as Claim
  }

  #keep(ordinal: number, result: string): RawBuilder<unknown> {
    const { userId, key, hash } = this.#once
    return sql`
      with outdated as (
        select user_id, key, ordinal from idempotency_keys
        where created_at < now() - ${LASTS} and (user_id, key, ordinal) <> (${userId}, ${key}, ${ordinal}::int)
        limit ${sql.lit(SWEPT)} for update skip locked
      ), swept as (
        delete from idempotency_keys k using outdated o
        where k.user_id = o.user_id and k.key = o.key and k.ordinal = o.ordinal
      )
      update idempotency_keys set result = ${result}::json, request_hash = ${hash}, created_at = now()
      where user_id = ${userId} and key = ${key} and ordinal = ${ordinal}`
  }

  readAs: Door['readAs'] = (...asked) => this.#door.readAs(...asked)
  lookup: Door['lookup'] = (...asked) => this.#door.lookup(...asked)
  ready = () => this.#door.ready()

  get counts() {
    return this.#door.counts
  }
}
