import { createHmac } from 'node:crypto'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { type Config, readConfig } from '#src/config.ts'
import { startEmbedded } from '#src/db/embedded.ts'
import { DatabaseError } from '#src/db/errors.ts'
import { reachOrCreate } from '#src/db/reach.ts'

/** The database as its owner, for migrations, seeds and repairs. Running processes use the application's role. */
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

/** Migrations may take long, so only connecting has a limit; keep-alives notice a server that is gone. */
const patience = { connectionTimeoutMillis: 10_000, keepAlive: true, keepAliveInitialDelayMillis: 10_000 }

/** A server that shuts down while idle connections are still closing is not an error. */
function ownerPool(url: string): pg.Pool {
  const pool = new pg.Pool({ ...patience, connectionString: url, max: 2 })
  return pool.on('error', () => {})
}

/** Kysely on the owner's database, for migrations, seeds and commands; `destroy` ends the pool. */
export const ownerDatabase = (url: string) =>
  new Kysely<unknown>({ dialect: new PostgresDialect({ pool: ownerPool(url) }) })

/**
 * For kysely-ctl: connects on the first statement and releases the embedded server at the end.
 * @param failed called if the database can't be reached; exits the process
 */
export function ownerDialect(failed: (error: Error) => never): PostgresDialect {
  return new PostgresDialect({
    pool: async () => {
      const owner = await reached().catch(failed)
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

async function reached(): Promise<Owner> {
  const owner = await openOwner(readConfig())
  if (!owner.embedded) await reachOrCreate(owner.url)
  return owner
}

/** The password of the application's role, derived from the secret so that no process has to store it. */
const appPassword = (secret: string, role: string) =>
  createHmac('sha256', secret).update(`database role ${role}`).digest('base64url')

/**
 * The URL that the application connects to. Sets the derived password on its role if the role has another one: at the
 * first start, or after SECRET_KEY changed.
 * @param keep leaves another password alone, since a running server may rely on it
 * @throws if the password has to change and the owner may not, or `keep` forbids it
 */
export async function appUrl(ownerUrl: string, secret: string, { keep = false } = {}): Promise<string> {
  const client = new pg.Client({ ...patience, connectionString: ownerUrl })
  await client.connect()
  try {
    const { rows } = await client.query('select app.role_app() as role')
    const role: string = rows[0].role
    const password = appPassword(secret, role)
    const url = new URL(ownerUrl)
    url.username = encodeURIComponent(role)
    url.password = encodeURIComponent(password)
    if (await opens(url.href)) return url.href
    if (keep && !(await isNew(client, role)))
      throw new DatabaseError('The SECRET_KEY is not the one that the server started with: use that one.')
    // two concurrent starts would alter the same catalog row
    await client.query('begin')
    await client.query("select pg_advisory_xact_lock(hashtextextended('application role', 0))")
    await client.query(`alter role ${pg.escapeIdentifier(role)} password ${pg.escapeLiteral(password)}`)
    await client.query('commit')
    return url.href
  } finally {
    await client.end()
  }
}

/** Whether no process has run as the role yet: migrations create it without a password. */
async function isNew(client: pg.Client, role: string): Promise<boolean> {
  try {
    const text = 'select rolpassword is null as none from pg_authid where rolname = $1'
    const { rows } = await client.query(text, [role])
    return rows[0]?.none === true
  } catch (error) {
    if ((error as { code?: string }).code !== '42501') throw error
    throw new DatabaseError(
      'The SECRET_KEY is not the one that the server started with: use that one. If it never started, run `npm start` once.',
    )
  }
}

async function opens(url: string): Promise<boolean> {
  const client = new pg.Client({ ...patience, connectionString: url })
  try {
    await client.connect()
    return true
  } catch (error) {
    if (['28P01', '28000'].includes((error as { code?: string }).code ?? '')) return false
    throw error
  } finally {
    await client.end().catch(() => {})
  }
}
