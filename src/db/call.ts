import { type Expression, type RawBuilder, sql } from 'kysely'
import type { Tx } from '#src/db/database.ts'

/** An argument: a value, null, or an expression of the surrounding statement. */
export type Argument<T> = T | null | Expression<unknown>

/** A call of a function of the schema `app`, usable in any statement. `src/db/functions.ts` has one for each. */
export function called<T>(name: string, args: Readonly<Record<string, unknown>> = {}): RawBuilder<T> {
  const given = Object.entries(args).filter(([, value]) => value !== undefined)
  return sql<T>`${sql.id('app', name)}(${sql.join(given.map(([key, value]) => sql`${sql.id(key)} => ${value}`))})`
}

/** Runs one call in a transaction and returns its result. */
export async function answer<T>(tx: Tx, call: RawBuilder<T>): Promise<T> {
  const { rows } = await sql<{ answer: T }>`select ${call} as answer`.execute(tx)
  return (rows[0] as { answer: T }).answer
}
