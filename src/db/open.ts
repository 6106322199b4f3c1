import { type Config, ConfigError } from '#src/config.ts'
import { Database } from '#src/db/database.ts'
import { EmbeddedError } from '#src/db/embedded.ts'
import { DatabaseError } from '#src/db/errors.ts'
import { SchemaError } from '#src/db/migrate.ts'
import { type Prepared, prepareDatabase } from '#src/db/prepare.ts'
import { runSeeds } from '#src/db/seed.ts'
import { selfCheck, UnsafeDatabase } from '#src/db/selfcheck.ts'

/**
 * Opens the database for a running process: prepares it, connects as the application's role, and checks its safety.
 * @throws {DatabaseError | SchemaError | EmbeddedError | UnsafeDatabase}
 */
export async function openDatabase(
  config: Config,
  log: { warn: (message: string) => void },
): Promise<{ db: Database; prepared: Prepared }> {
  const prepared = await prepareDatabase(config, runSeeds)
  const db = new Database(prepared.url, {
    max: config.DATABASE_POOL_SIZE,
    timeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS,
  })
  try {
    for (const remark of await selfCheck(db.pool)) log.warn(remark)
    return { db, prepared }
  } catch (error) {
    await db.close()
    await prepared.stop()
    throw error
  }
}

const foreseeable = [ConfigError, EmbeddedError, SchemaError, DatabaseError, UnsafeDatabase]

/** Exits a process that couldn't start, with one line for errors that the operator can fix. */
export function couldNotStart(error: Error): never {
  const known = foreseeable.some((kind) => error instanceof kind)
  process.stderr.write(known ? `${error.message}\n` : `${error.stack ?? error}\n`)
  process.exit(1)
}
