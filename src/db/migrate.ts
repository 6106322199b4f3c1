import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Kysely, sql } from 'kysely'
import { type Migration, type MigrationProvider, type MigrationResultSet, Migrator } from 'kysely/migration'
import { root } from '#src/config.ts'
import {
  bringFunctions,
  hashOf,
  isSame,
  makeMissing,
  type Present,
  present,
  readFunctions,
} from '#src/db/sql-functions.ts'

/** The schema and the code don't fit; the message says what to do. */
export class SchemaError extends Error {}

const NEWER = 'The database is newer than this version of Ambit: upgrade Ambit, or restore a backup.'

const OTHER =
  'The database was made by an earlier commit, whose migrations have changed since. Before the first release there is no way from one to the other: delete the data folder (DATA_DIR, .data unless set) or create an empty database, and start again.'

/** Kysely's own wording. */
const OUT_OF_ORDER =
  /expected previously executed migration (\S+) to be at index \d+ but (\S+) was found in its place/

const migrationFolder = join(root, 'migrations')

const steps = () =>
  readdirSync(migrationFolder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -3))
    .sort()

const hashOfStep = (name: string) => hashOf(readFileSync(join(migrationFolder, `${name}.ts`), 'utf8'))

const load = (name: string): Promise<Migration> =>
  import(pathToFileURL(join(migrationFolder, `${name}.ts`)).href)

/** Makes the functions that each step's tables depend on available first. */
const provider: MigrationProvider = {
  async getMigrations() {
    const functions = readFunctions()
    const loaded = steps().map(async (name): Promise<[string, Migration]> => {
      const { up, down } = await load(name)
      const whole = async (db: Kysely<unknown>) => {
        await makeMissing(db, functions)
        await up(db)
      }
      return [name, { up: whole, ...(down && { down }) }]
    })
    return Object.fromEntries(await Promise.all(loaded))
  },
}

/** Kysely's migrator over `migrations/`, for reading only: changes go through `migrate`. */
export const migrator = (db: Kysely<unknown>) => new Migrator({ db, provider })

/**
 * Runs migration steps and updates the SQL functions, all in one transaction. Safe with two processes at once.
 * @throws {SchemaError} if a step fails, or the database is of another version
 */
export async function migrate(
  db: Kysely<unknown>,
  take: (migrator: Migrator) => Promise<MigrationResultSet>,
): Promise<MigrationResultSet> {
  refuse(await stateOf(db))
  return db.transaction().execute(async (tx) => {
    // the migrator creates its tables before it takes its own lock
    await sql`select pg_advisory_xact_lock(hashtextextended('migrations', 0))`.execute(tx)
    const taken = await take(migrator(tx))
    if (taken.error) throw schemaError(taken)
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(tx)
    await bringFunctions(tx, readFunctions(), rows.length === steps().length).catch((error) => {
      throw new SchemaError(`A function failed: ${error.message}`, { cause: error })
    })
    const hashes = Object.fromEntries(rows.map(({ name }) => [name, hashOfStep(name)]))
    await sql`comment on table kysely_migration is ${sql.lit(JSON.stringify(hashes))}`.execute(tx)
    return taken
  })
}

/**
 * Migrates to the latest step and this version's functions.
 * @returns names of the applied steps
 * @throws {SchemaError} if a step fails, or the database is of another version
 */
export async function migrateToLatest(db: Kysely<unknown>): Promise<string[]> {
  if (await isCurrent(db)) return []
  const { results = [] } = await migrate(db, (all) => all.migrateToLatest())
  return results.map((result) => result.migrationName)
}

/** Why migrating failed, in one line for the operator. */
export function schemaError({ error, results = [] }: MigrationResultSet): SchemaError {
  const why = error instanceof Error ? error.message : String(error)
  const [, expected, found] = OUT_OF_ORDER.exec(why) ?? []
  if (expected)
    return new SchemaError(
      `Migration ${found} comes before ${expected}, which this database already has: rename it so that it comes last.`,
    )
  const failed = results.find(({ status }) => status === 'Error')
  return new SchemaError(failed ? `Migration ${failed.migrationName} failed: ${why}` : why, { cause: error })
}

/** The state of a database: its steps, the hash of each when applied, its functions. */
type State = { steps: string[]; hashes: Record<string, string>; functions: Present }

async function stateOf(db: Kysely<unknown>): Promise<State> {
  const { rows } = await sql<State>`
    select array(select name::text from kysely_migration order by name) as steps, ${present} as functions,
      coalesce(obj_description('kysely_migration'::regclass, 'pg_class'), '{}')::jsonb as hashes`
    .execute(db)
    .catch((error) => {
      if (error.code === '42P01') return { rows: [] }
      throw error
    })
  return rows[0] ?? { steps: [], hashes: {}, functions: {} }
}

/** @throws {SchemaError} if the database has steps that the code doesn't have, or has with another text */
function refuse(state: State): void {
  const known = steps()
  const last = known.at(-1) ?? ''
  const unknown = state.steps.filter((name) => !known.includes(name))
  if (unknown.length && unknown.every((name) => name > last)) throw new SchemaError(NEWER)
  if (unknown.length || state.steps.some((name) => state.hashes[name] !== hashOfStep(name)))
    throw new SchemaError(OTHER)
}

/**
 * Checks in one query whether the database has every step and this version's functions.
 * @throws {SchemaError} if it is of another version
 */
export async function isCurrent(db: Kysely<unknown>): Promise<boolean> {
  const asked = stateOf(db)
  // reads the files while the query runs
  const functions = readFunctions()
  const state = await asked
  refuse(state)
  return state.steps.length === steps().length && isSame(functions, state.functions)
}
