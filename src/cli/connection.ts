import { type Kysely, sql } from 'kysely'
import type { Config } from '#src/config.ts'
import { Database } from '#src/db/database.ts'
import { DatabaseError } from '#src/db/errors.ts'
import { fn } from '#src/db/functions.ts'
import { isCurrent, SchemaError } from '#src/db/migrate.ts'
import { appUrl, openOwner, ownerDatabase } from '#src/db/owner.ts'
import { prepareDatabase } from '#src/db/prepare.ts'
import { runSeeds } from '#src/db/seed.ts'
import { selfCheck } from '#src/db/selfcheck.ts'
import type { DB } from '#src/db/types.ts'

/** A command may take its time; a statement of a request may not. */
const PATIENCE_MS = 600_000

const OLD =
  'The database is older than this version of Ambit: start Ambit, or run `npm run migrate latest`, first.'
const EMPTY = 'There is no organization yet: run `npm start` or `npm run admin:create` first.'

/** Ctrl-C takes back what was not finished, and ends an embedded server that nobody else uses. */
async function untilStopped<T>(stop: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  const end = async () => {
    await stop().catch(() => {})
    process.exit(130)
  }
  process.once('SIGINT', end).once('SIGTERM', end)
  try {
    return await work()
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end)
    await stop()
  }
}

/** Runs `work` on the application's role, behind row security. */
export async function asApplication<T>(config: Config, work: (db: Database) => Promise<T>): Promise<T> {
  const owner = config.DATABASE_APP_URL ? null : await openOwner(config)
  const stop = owner?.stop ?? (async () => {})
  return untilStopped(stop, async () => {
    const url = owner ? owner.url : (config.DATABASE_APP_URL as string)
    await usable(url)
    const db = new Database(owner ? await appUrl(owner.url, config.SECRET_KEY, { keep: true }) : url, {
      max: 1,
      timeoutMs: PATIENCE_MS,
    })
    try {
      await selfCheck(db.pool)
      return await work(db)
    } finally {
      await db.close()
    }
  })
}

/** Runs `work` as the database's owner: past row security, and so for repairs alone. */
export async function asOwner<T>(
  config: Config,
  work: (db: Kysely<DB>) => Promise<T>,
  { setUp = false } = {},
): Promise<T> {
  if (config.DATABASE_APP_URL && !config.DATABASE_URL) {
    throw new DatabaseError(
      'This needs the database’s owner, which DATABASE_APP_URL is not: set DATABASE_URL as well.',
    )
  }
  const owner = await openOwner(config)
  return untilStopped(owner.stop, async () => {
    if (setUp && (await stateOf(owner.url)) === 'empty') {
      const prepared = await prepareDatabase(
        { ...config, DATABASE_URL: owner.url, DATABASE_APP_URL: undefined },
        runSeeds,
      )
      await prepared.stop()
    }
    await usable(owner.url)
    const db = ownerDatabase(owner.url) as Kysely<DB>
    return work(db).finally(() => db.destroy())
  })
}

/** @throws {SchemaError | DatabaseError} */
async function usable(url: string): Promise<void> {
  const state = await stateOf(url)
  if (state === 'empty') throw new DatabaseError(EMPTY)
  if (state === 'old') throw new SchemaError(OLD)
}

async function stateOf(url: string): Promise<'empty' | 'old' | 'current'> {
  const db = ownerDatabase(url)
  try {
    const { rows } = await sql<{
      there: boolean
    }>`select to_regclass('public.organizations') is not null as there`.execute(db)
    if (!rows[0]?.there) return 'empty'
    if (!(await isCurrent(db))) return 'old'
    const found = await sql<{ there: boolean }>`
      select ${fn.find_organization({ place_slug: null })} is not null as there`.execute(db)
    return found.rows[0]?.there ? 'current' : 'empty'
  } catch (error) {
    if (error instanceof SchemaError) throw error
    const { hostname, port } = new URL(url)
    const { code, message } = error as { code?: string; message: string }
    throw new DatabaseError(
      `The database at ${hostname}:${port || 5432} does not answer (${message || code}).`,
      { cause: error },
    )
  } finally {
    await db.destroy()
  }
}
