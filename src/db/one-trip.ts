import pg from 'pg'

/**
 * Enters an organization and runs a statement under a single Sync, in one round trip. Without a BEGIN both share an
 * implicit transaction, and the settings end with it.
 *
 * Relies on pg's own `Query.prepare` and its message handlers, which is why pg is pinned exactly; `Database` has the
 * plain transaction behind the same signature, and tests compare the two.
 */

/** Missing from pg's types: the frontend messages of its connection. */
type Wire = {
  bind(message: { statement: string; values: unknown[] }): void
  execute(message: { portal: string; rows: number }): void
}
type Overridable = {
  prepare(wire: Wire): void
  handleDataRow(message: unknown): void
  handleCommandComplete(message: unknown, wire: Wire): void
}

/** A prologue before a statement, prepared on every connection. */
type Prepared = { name: string; text: string; values: string[] }

const entering = (name: string) => {
  const text = `select app.${name}($1, $2, $3)`
  return (org: string, context: string, timeoutMs: number): Prepared => ({
    name,
    text,
    values: [org, context, String(timeoutMs)],
  })
}

export const beginStatement: Prepared = { name: 'begin', text: 'BEGIN', values: [] }
/** The prologue of every transaction: organization, context (JSON), statement timeout in ms. */
export const enterStatement = entering('enter')
/** The prologue of a read-only transaction. */
export const enterToReadStatement = entering('enter_to_read')

const base = pg.Query.prototype as unknown as Overridable

class OneTripQuery extends pg.Query {
  readonly #prologue: readonly Prepared[]
  /** Statements of the prologue not yet answered. */
  #ahead: number

  constructor(config: pg.QueryConfig, prologue: readonly Prepared[]) {
    super(config as never)
    this.#prologue = prologue
    this.#ahead = prologue.length
  }

  requiresPreparation() {
    return true
  }

  prepare(wire: Wire) {
    for (const { name: statement, values } of this.#prologue) {
      wire.bind({ statement, values })
      wire.execute({ portal: '', rows: 0 })
    }
    base.prepare.call(this, wire)
  }

  handleDataRow(message: unknown) {
    if (!this.#ahead) base.handleDataRow.call(this, message)
  }

  handleCommandComplete(message: unknown, wire: Wire) {
    if (this.#ahead) this.#ahead--
    else base.handleCommandComplete.call(this, message, wire)
  }
}

/** Runs a statement behind its prologue, in one round trip. */
export function oneTrip(
  client: pg.ClientBase,
  prologue: readonly Prepared[],
  statement: pg.QueryConfig,
): Promise<pg.QueryResult> {
  return new Promise((resolve, reject) => {
    const query = new OneTripQuery(statement, prologue)
    const done = (error: Error | null, result: pg.QueryResult) => (error ? reject(error) : resolve(result))
    client.query(Object.assign(query, { callback: done }))
  })
}
