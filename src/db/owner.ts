import { createHmac } from 'node:crypto'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { type Config, readConfig } from '#src/config.ts'
import { startEmbedded } from '#src/db/embedded.ts'

/** The owner's database: what migrates, seeds and repairs. Running processes use the application's role. */
export type Owner = { url: string; embedded: string | null; stop(): Promise<void> }

/** `DATABASE_URL`, or the embedded server in `DATA_DIR`, started or attached to. */
export async function openOwner(config: Config): Promise<Owner> {
  if (config.DATABASE_URL) return { url: config.DATABASE_URL, embedded: null, stop: async () => {} }
  const server = await startEmbedded(config.DATA_DIR)
  return {
    url: server.url,
    embedded: `PostgreSQL ${server.version} (${server.how})`,
    stop: () => server.stop(),
  }
}

/** A server that ends while idle connections are still closing is no error of ours. */
function ownerPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  return pool.on('error', () => {})
}

/** Kysely on the owner's database, for migrations, seeds and commands; `destroy` ends the pool. */
export const ownerDatabase = (url: string) =>
  new Kysely<unknown>({ dialect: new PostgresDialect({ pool: ownerPool(url) }) })

/** For kysely-ctl: connects on the first statement, and lets go of the embedded server at the end. */
export async function ownerDialect(): Promise<PostgresDialect> {
  return new PostgresDialect({
    pool: async () => {
      const owner = await openOwner(readConfig())
      const pool = ownerPool(owner.url)
      const end = pool.end.bind(pool)
      return Object.assign(pool, {
        end: async () => {
          await end()
          await owner.stop()
        },
      }) as pg.Pool
    },
  })
}

/** The password of the application's role: derived, so that no process has to keep it. */
const appPassword = (secret: string, role: string) =>
  createHmac('sha256', secret).update(`database role ${role}`).digest('base64url')

/**
 * Gives the application's role its password, and the address it connects to.
 * @throws when the owner may not alter that role
 */
export async function appUrl(ownerUrl: string, secret: string): Promise<string> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    const { rows } = await client.query('select app.role_app() as role')
    const role: string = rows[0].role
    const password = appPassword(secret, role)
    await client.query(`alter role ${pg.escapeIdentifier(role)} password ${pg.escapeLiteral(password)}`)
    const url = new URL(ownerUrl)
    url.username = encodeURIComponent(role)
    url.password = encodeURIComponent(password)
    return url.href
  } finally {
    await client.end()
  }
}
