import { sql } from 'kysely'
import pg from 'pg'
import type { Config } from '#src/config.ts'
import { DatabaseError } from '#src/db/errors.ts'
import { isCurrent, migrateToLatest, SchemaError } from '#src/db/migrate.ts'
import { appUrl, type Owner, openOwner, ownerDatabase } from '#src/db/owner.ts'

export type Prepared = {
  /** The application's role. */
  url: string
  /** Straight to the server, for notices. */
  listenUrl: string
  /** Names of steps that were applied now. */
  migrated: string[]
  /** The embedded server, in words; null for another. */
  embedded: string | null
  stop(): Promise<void>
}

/**
 * Brings the database to where this version of the code needs it, and answers how the application connects.
 * With `DATABASE_APP_URL` the owner is unknown here: the schema is only looked at.
 * @param seed runs as the owner after the migrations
 * @throws {DatabaseError | SchemaError | EmbeddedError} with one line for the operator
 */
export async function prepareDatabase(
  config: Config,
  seed: (url: string) => Promise<void>,
): Promise<Prepared> {
  if (config.DATABASE_APP_URL) {
    const url = config.DATABASE_APP_URL
    await reach(url)
    const db = ownerDatabase(url)
    const current = await isCurrent(db).finally(() => db.destroy())
    if (!current)
      throw new SchemaError(
        'The database is older than this version of Ambit: run `npm run migrate latest` as its owner.',
      )
    return {
      url,
      listenUrl: config.DATABASE_LISTEN_URL ?? url,
      migrated: [],
      embedded: null,
      stop: async () => {},
    }
  }
  const owner = await openOwner(config)
  try {
    return await prepareAsOwner(config, owner, seed)
  } catch (error) {
    await owner.stop()
    throw error
  }
}

async function prepareAsOwner(
  config: Config,
  owner: Owner,
  seed: (url: string) => Promise<void>,
): Promise<Prepared> {
  if (!owner.embedded) await reachOrCreate(owner.url)
  const db = ownerDatabase(owner.url)
  const { migrated, empty } = await migrateAndLook(db).finally(() => db.destroy())
  // empty also after a first start that was interrupted
  if (migrated.length || empty) await seed(owner.url)
  const url = await appUrl(owner.url, config.SECRET_KEY)
  return {
    url,
    listenUrl: config.DATABASE_LISTEN_URL ?? url,
    migrated,
    embedded: owner.embedded,
    stop: owner.stop,
  }
}

async function migrateAndLook(db: ReturnType<typeof ownerDatabase>) {
  const migrated = await migrateToLatest(db)
  const { rows } = await sql`select from accounts limit 1`.execute(db)
  return { migrated, empty: rows.length === 0 }
}

async function reach(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  try {
    await client.connect()
  } finally {
    await client.end().catch(() => {})
  }
}

/** Connects, and makes a missing database where the role may. */
async function reachOrCreate(url: string): Promise<void> {
  const { hostname, port, pathname, username } = new URL(url)
  const name = decodeURIComponent(pathname.slice(1)) || username
  try {
    await reach(url)
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code !== '3D000') {
      throw new DatabaseError(
        `The database at ${hostname}:${port || 5432} does not answer (${message || code}). Check DATABASE_URL and that the server runs.`,
      )
    }
    await create(url, name)
  }
}

async function create(url: string, name: string): Promise<void> {
  const maintenance = new URL(url)
  maintenance.pathname = '/postgres'
  const client = new pg.Client({ connectionString: maintenance.href, connectionTimeoutMillis: 5000 })
  try {
    await client.connect()
    await client.query(`create database ${pg.escapeIdentifier(name)} encoding 'UTF8' template template0`)
  } catch (error) {
    throw new DatabaseError(
      `There is no database ${name}, and it can't be made (${(error as Error).message}). Run: createdb --encoding=UTF8 --template=template0 ${name}`,
    )
  } finally {
    await client.end().catch(() => {})
  }
}
