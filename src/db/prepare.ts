import { sql } from 'kysely'
import type { Config } from '#src/config.ts'
import { isCurrent, migrateToLatest, SchemaError } from '#src/db/migrate.ts'
import { appUrl, type Owner, openOwner, ownerDatabase } from '#src/db/owner.ts'
import { reach, reachOrCreate } from '#src/db/reach.ts'

export type Prepared = {
  /** URL for the application's role. */
  url: string
  /** URL straight to the server, for notifications. */
  listenUrl: string
  /** Names of the steps applied by this start. */
  migrated: string[]
  /** Description of the embedded server; null if the database isn't embedded. */
  embedded: string | null
  stop(): Promise<void>
}

/**
 * Brings the database to the state this version needs and returns how the application connects. With
 * `DATABASE_APP_URL` the owner is unknown: the schema is only checked.
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
  // also empty after an interrupted first start
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
