import { sql } from 'kysely'
import type { Tx } from '#src/db/database.ts'

/** Takes an advisory lock by name, per organization, until the transaction ends. SQL functions use the same names. */
export const lockFor = (tx: Tx, name: string) =>
  sql`select pg_advisory_xact_lock(hashtextextended(${name}::text || ' ' || app.org_id(), 0))`.execute(tx)
