import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Kysely } from 'kysely'
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration'
import { root } from '#src/config.ts'

/** The schema and the code don't fit; the message says what to do. */
export class SchemaError extends Error {}

export const migrationFolder = join(root, 'migrations')

const provider: MigrationProvider = {
  async getMigrations() {
    const files = (await readdir(migrationFolder)).filter((name) => name.endsWith('.ts')).sort()
    const loaded = files.map(async (name): Promise<[string, Migration]> => [
      name.slice(0, -3),
      await import(pathToFileURL(join(migrationFolder, name)).href),
    ])
    return Object.fromEntries(await Promise.all(loaded))
  },
}

/** Kysely's migrator over `migrations/`; safe with two processes at once (it takes a lock in the database). */
export const migrator = (db: Kysely<unknown>) => new Migrator({ db: db as Kysely<never>, provider })

/**
 * Migrates to the newest step.
 * @returns names of the steps that were applied
 * @throws {SchemaError} when a step failed or the database is newer than the code
 */
export async function migrateToLatest(db: Kysely<unknown>): Promise<string[]> {
  const { error, results = [] } = await migrator(db).migrateToLatest()
  if (error instanceof Error && /previously executed migration/.test(error.message)) {
    throw new SchemaError('The database is newer than this version of Ambit: upgrade Ambit, or restore a backup.')
  }
  if (error) {
    const failed = results.find((result) => result.status === 'Error')
    const why = error instanceof Error ? error.message : String(error)
    throw new SchemaError(`Migration ${failed?.migrationName ?? ''} failed: ${why}`, { cause: error })
  }
  return results.map((result) => result.migrationName)
}
