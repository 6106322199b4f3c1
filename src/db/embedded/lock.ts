import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { EmbeddedError } from '#src/db/embedded/errors.ts'

// Locks of the operating system, by way of SQLite: they end with their process however it ends, and work across
// containers, so none is ever stale and no pid needs checking.
export type Hold = { release(): void }

const BUSY = 5
const held = new Set<DatabaseSync>()

function take(file: string, begin: string): Hold | undefined {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file)
    database.exec(begin)
  } catch (error) {
    database?.close()
    if ((error as { errcode?: number }).errcode === BUSY) return
    throw new EmbeddedError(
      `${file} can't be locked (${(error as Error).message}): let the user that runs Ambit write there`,
    )
  }
  held.add(database) // a collected connection would let go of its lock
  return {
    release() {
      if (held.delete(database)) database.close()
    },
  }
}

/** Takes the exclusive lock; undefined if anyone holds it. */
export const tryExclusive = (file: string) => take(file, 'BEGIN EXCLUSIVE')

/** Takes a shared lock; undefined if someone holds the exclusive one. */
export const tryShared = (file: string) => take(file, 'BEGIN; SELECT count(*) FROM sqlite_schema')

/** Waits for the exclusive lock. @throws {EmbeddedError} after `patience` milliseconds */
export async function exclusive(file: string, patience = 300_000): Promise<Hold> {
  for (const giveUpAt = Date.now() + patience; Date.now() < giveUpAt; await sleep(10)) {
    const hold = tryExclusive(file)
    if (hold) return hold
  }
  throw new EmbeddedError(
    `A different start or stop with this DATA_DIR has not finished (${file}): end that process and try again`,
  )
}
