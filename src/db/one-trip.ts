import pg from 'pg'

/**
 * Entering an organization and one statement under a single Sync: both share an implicit transaction, so the
 * settings die with it, and a read under row security takes one round trip.
 *
 * Leans on pg's own `Query.prepare` and its message handlers, which is why pg is pinned exactly; `Database`
 * has the plain transaction behind the same signature, and the tests hold one against the other.
 */

/** What pg's types leave out: the frontend messages of its connection. */
type Wire = {
  bind(message: { statement: string; values: unknown[] }): void
  execute(message: { portal: string; rows: number }): void
}
type Overridable = {
  prepare(wire: Wire): void
  handleDataRow(message: unknown): void
  handleCommandComplete(message: unknown, wire: Wire): void
}

const prologue = (name: string) => {
  const text = `select app.${name}($1, $2, $3)`
  return (org: string, context: string, timeoutMs: number) => ({
    name,
    text,
    values: [org, context, String(timeoutMs)],
  })
}

/** The prologue of every transaction: organization, context (JSON), time limit of a statement in ms. */
export const enterStatement = prologue('enter')
/** The same for a transaction that can't write. */
export const enterToReadStatement = prologue('enter_to_read')

const base = pg.Query.prototype as unknown as Overridable

type Entering = ReturnType<typeof enterStatement>

class OneTripQuery extends pg.Query {
  #entering = true
  readonly #enter: Entering

  constructor(config: pg.QueryConfig, enter: Entering) {
    super(config as never)
    this.#enter = enter
  }

  requiresPreparation() {
    return true
  }

  prepare(wire: Wire) {
    wire.bind({ statement: this.#enter.name, values: this.#enter.values })
    wire.execute({ portal: '', rows: 0 })
    base.prepare.call(this, wire)
  }

  handleDataRow(message: unknown) {
    if (!this.#entering) base.handleDataRow.call(this, message)
  }

  handleCommandComplete(message: unknown, wire: Wire) {
    if (this.#entering) this.#entering = false
    else base.handleCommandComplete.call(this, message, wire)
  }
}

/** Runs one statement inside an organization, in one round trip. The client must have prepared `enter`'s. */
export function oneTrip(
  client: pg.ClientBase,
  enter: Entering,
  statement: pg.QueryConfig,
): Promise<pg.QueryResult> {
  return new Promise((resolve, reject) => {
    const query = new OneTripQuery(statement, enter)
    const done = (error: Error | null, result: pg.QueryResult) => (error ? reject(error) : resolve(result))
    client.query(Object.assign(query, { callback: done }))
  })
}
