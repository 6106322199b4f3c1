import { randomBytes } from 'node:crypto'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { inject } from 'vitest'
import { z } from 'zod'
import { RightsCache } from '#src/access/rights.ts'
import { createApp } from '#src/app.ts'
import { type Config, settings } from '#src/config.ts'
import { Database } from '#src/db/database.ts'
import { Listener } from '#src/db/listener.ts'
import { Pool } from '#src/db/pool.ts'
import type { DB } from '#src/db/types.ts'
import { SECRET } from '#tests/setup/secrets.ts'

export type App = ReturnType<typeof createApp>

/** What one process of the program holds: several over one database are several processes of an installation. */
export type Process = AsyncDisposable & {
  config: Config
  db: Database
  listener: Listener
  rights: RightsCache
  app: App
}

export type TestDatabase = Process & {
  /** Past row security: for arranging and for looking. Names `org_id` itself. */
  owner: Kysely<DB>
  ownerUrl: string
  appUrl: string
  /** Another process on the same database, with its own cache: `await using other = await anotherProcess()`. */
  anotherProcess(overrides?: Record<string, string>): Promise<Process>
}

/** The defaults of every setting, whatever the environment of the tests says. */
export function testConfig(overrides: Record<string, string> = {}): Config {
  const { server, database, secrets, features, passwords, limits, mail } = settings
  const schema = z.object({
    ...server,
    ...database,
    ...secrets,
    ...features,
    ...passwords,
    ...limits,
    ...mail,
  })
  const fixed = { ENVIRONMENT: 'test', LOG_LEVEL: 'silent', RATE_LIMIT_ENABLED: 'false', SECRET_KEY: SECRET }
  return { ...schema.parse({ ...fixed, ...overrides }), SECRET_KEY: SECRET }
}

let opened: Promise<TestDatabase> | undefined

/** The database of this worker, cloned from the template at the first call. Files share it: each makes organizations. */
export function testDatabase(): Promise<TestDatabase> {
  opened ??= open()
  return opened
}

async function open(): Promise<TestDatabase> {
  const { ownerUrl, appUrl } = await clone()
  const pool = new Pool(ownerUrl, { max: 6, waitMs: 10_000, timeoutMs: 600_000 })
  const owner = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
  const anotherProcess = (overrides?: Record<string, string>) =>
    start(testConfig({ DATABASE_APP_URL: appUrl, ...overrides }))
  return { ...(await anotherProcess()), owner, ownerUrl, appUrl, anotherProcess }
}

async function start(config: Config): Promise<Process> {
  const appUrl = config.DATABASE_APP_URL as string
  const db = new Database(appUrl, { max: 12, waitMs: 5000, timeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS })
  const listener = new Listener(config.DATABASE_LISTEN_URL ?? appUrl)
  await listener.open()
  const rights = new RightsCache(db, listener)
  const log = { warn: () => {}, error: (details: object, message: string) => console.error(message, details) }
  const app = createApp({ config, db, rights, log })
  const close = async () => {
    await listener.close()
    await db.close()
  }
  return { config, db, listener, rights, app, [Symbol.asyncDispose]: close }
}

/** A database is cloned without the privileges on itself: they are given again, as the first migration does. */
async function clone(): Promise<{ ownerUrl: string; appUrl: string }> {
  const template = inject('template')
  const source = new URL(template.ownerUrl).pathname.slice(1)
  const name = `${source}_${randomBytes(3).toString('hex')}`
  const at = (url: string, database: string) => Object.assign(new URL(url), { pathname: `/${database}` }).href
  const client = new pg.Client({ connectionString: at(template.ownerUrl, 'postgres') })
  await client.connect()
  try {
    await client.query(`create database ${name} template ${source} strategy wal_log`)
    await client.query(
      `revoke all on database ${name} from public; grant connect on database ${name} to ${template.role}`,
    )
  } finally {
    await client.end()
  }
  return { ownerUrl: at(template.ownerUrl, name), appUrl: at(template.appUrl, name) }
}
