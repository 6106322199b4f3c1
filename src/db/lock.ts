import { sql } from 'kysely'
import type { Tx } from '#src/db/database.ts'

/** Transactions of an organization that name the same take turns, each until its end. SQL functions lock by the same names. */
export const lockFor = (tx: Tx, name: string) =>
  sql`select pg_advisory_xact_lock(hashtextextended(${name}::text || ' ' || app.org_id(), 0))`.execute(tx)
