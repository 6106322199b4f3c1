import { sql } from 'kysely'
import { Revoked } from '#src/access/renewal.ts'
import type { Tx } from '#src/db/database.ts'
import { translated } from '#src/db/errors.ts'
import { DomainError, Forbidden } from '#src/errors.ts'

/** What was refused, and the permission that was wanted, if it was that. */
export type Refused = { error: DomainError; denied?: string }

/** What was thrown as a refusal; null for what is none. */
export function refusalFrom(thrown: unknown): Refused | null {
  const error = translated(thrown)
  if (!(error instanceof DomainError) || error instanceof Revoked) return null
  return { error, denied: thrown instanceof Forbidden ? thrown.wanted : undefined }
}

/** Does something, and takes it back where it is refused. */
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

/** Whether something would be done; whatever it did is taken back. */
export async function wouldDo(tx: Tx, work: () => Promise<unknown>): Promise<boolean> {
  await sql`savepoint tried`.execute(tx)
  const refused = await refusalOf(tx, work)
  await sql`rollback to savepoint tried`.execute(tx)
  return refused === null
}
