import { sql } from 'kysely'
import { Revoked } from '#src/access/renewal.ts'
import type { Tx } from '#src/db/database.ts'
import { translated } from '#src/db/errors.ts'
import { DomainError, Forbidden } from '#src/errors.ts'

/** A refusal, and the missing permission if that was the reason. */
export type Refused = { error: DomainError; denied?: string }

/** A thrown error as a refusal; null if it isn't one. */
export function refusalFrom(thrown: unknown): Refused | null {
  const error = translated(thrown)
  if (!(error instanceof DomainError) || error instanceof Revoked) return null
  return { error, denied: thrown instanceof Forbidden ? thrown.wanted : undefined }
}

/** Runs work in a savepoint and rolls it back if refused. */
export async function refusalOf(tx: Tx, work: () => Promise<unknown>): Promise<Refused | null> {
  await sql`savepoint one`.execute(tx)
  try {
    await work()
    await sql`release savepoint one`.execute(tx)
    return null
  } catch (thrown) {
    const refused = refusalFrom(thrown)
    if (!refused) throw thrown
    await sql`rollback to savepoint one`.execute(tx)
    await sql`release savepoint one`.execute(tx)
    return refused
  }
}

/** Whether the work would succeed; always rolls it back. */
export async function wouldDo(tx: Tx, work: () => Promise<unknown>): Promise<boolean> {
  await sql`savepoint tried`.execute(tx)
  const refused = await refusalOf(tx, work)
  await sql`rollback to savepoint tried`.execute(tx)
  return refused === null
}
