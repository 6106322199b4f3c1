import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Kysely, sql } from 'kysely'
import { type Migration, type MigrationProvider, type MigrationResultSet, Migrator } from 'kysely/migration'
import { root } from '#src/config.ts'

/** The schema and the code don't fit; the message says what to do. */
export class SchemaError extends Error {}

const NEWER = 'The database is newer than this version of Ambit: upgrade Ambit, or restore a backup.'

/** As kysely says it. */
const OUT_OF_ORDER =
  /expected previously executed migration (\S+) to be at index \d+ but (\S+) was found in its place/

export const migrationFolder = join(root, 'migrations')

const steps = async () =>
  (await readdir(migrationFolder))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -3))
    .sort()

const provider: MigrationProvider = {
  async getMigrations() {
    const loaded = (await steps()).map(
      async (name): Promise<[string, Migration]> => [
        name,
        await import(pathToFileURL(join(migrationFolder, `${name}.ts`)).href),
      ],
    )
    return Object.fromEntries(await Promise.all(loaded))
  },
}

/** Kysely's migrator over `migrations/`; safe with two processes at once (it takes a lock in the database). */
export const migrator = (db: Kysely<unknown>) => new Migrator({ db, provider })

/**
 * Migrates to the newest step.
 * @returns names of the steps that were applied
 * @throws {SchemaError} when a step failed or the database is newer than the code
 */
export async function migrateToLatest(db: Kysely<unknown>): Promise<string[]> {
  if (await isCurrent(db)) return []
  const { error, results = [] } = await migrator(db).migrateToLatest()
  if (error) throw schemaError({ error, results })
  return results.map((result) => result.migrationName)
}

/** Why migrating failed, in one line for the operator. */
export function schemaError({ error, results = [] }: MigrationResultSet): SchemaError {
  const why = error instanceof Error ? error.message : String(error)
  if (/previously executed migration .* is missing/.test(why)) return new SchemaError(NEWER)
  const [, expected, found] = OUT_OF_ORDER.exec(why) ?? []
  if (expected)
    return new SchemaError(
      `Migration ${found} comes before ${expected}, which this database already has: rename it so that it comes last.`,
    )
  const failed = results.find(({ status }) => status === 'Error')
  return new SchemaError(failed ? `Migration ${failed.migrationName} failed: ${why}` : why, { cause: error })
}

/**
 * Whether the database has every step, without loading one.
 * @throws {SchemaError} when it has steps that the code doesn't know
 */
export async function isCurrent(db: Kysely<unknown>): Promise<boolean> {
  const known = await steps()
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`
    .execute(db)
    .catch((error) => {
      if (error.code === '42P01') return { rows: [] }
      throw error
    })
  if (rows.some(({ name }) => !known.includes(name))) throw new SchemaError(NEWER)
  return rows.length === known.length
}
