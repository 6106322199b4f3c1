// The database server of the tests and its migrated template, for as long as standard input stays open.
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import pg from 'pg'
import { startEmbedded } from '#src/db/embedded.ts'
import { migrateToLatest } from '#src/db/migrate.ts'
import { appUrl, ownerDatabase } from '#src/db/owner.ts'
import type { DB } from '#src/db/types.ts'
import { hashPassword } from '#src/platform/passwords.ts'
import { seed } from '../../seeds/1_reference.ts'
import type { Template } from './global.ts'
import { PASSWORD, SECRET } from './secrets.ts'

type Server = { url: string; stop(): Promise<void> }

async function embedded(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'ambit-tests-'))
  await chmod(folder, 0o755)
  const settings = {
    autovacuum: 'off',
    max_connections: '120',
    max_wal_size: '2GB',
    wal_level: 'minimal',
    max_wal_senders: '0',
  }
  try {
    const server = await startEmbedded(folder, { sync: false, settings })
    // where root's PostgreSQL can't reach the folder, its data lies elsewhere
    const location = await readFile(join(folder, 'postgres', 'location'), 'utf8').catch(() => folder)
    const stop = async () => {
      await server.stop()
      for (const place of [location, folder]) await rm(place, { recursive: true, force: true })
    }
    return { url: server.url, stop }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

const on = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return work(client).finally(() => client.end())
}

const at = (url: string, database: string) => Object.assign(new URL(url), { pathname: `/${database}` }).href

async function makeTemplate(url: string, name: string): Promise<Template> {
  await on(url, (client) => client.query(`create database ${name} encoding 'UTF8' template template0`))
  const ownerUrl = at(url, name)
  const db = ownerDatabase(ownerUrl)
  try {
    await migrateToLatest(db)
    await seed(db as Kysely<DB>)
  } finally {
    await db.destroy()
  }
  const app = await appUrl(ownerUrl, SECRET)
  // a template that somebody is connected to can't be cloned
  await on(url, (client) => client.query(`alter database ${name} allow_connections false`))
  const { rows } = await on(url, (client) => client.query('show server_version'))
  const passwordHash = await hashPassword(PASSWORD)
  return { ownerUrl, appUrl: app, role: `${name}_app`, version: rows[0].server_version, passwordHash }
}

/** Drops the template, its clones and their roles from a server that goes on. */
async function clear(url: string, name: string): Promise<void> {
  await on(url, async (client) => {
    const { rows } = await client.query(`select datname from pg_database where datname like $1`, [`${name}%`])
    for (const { datname } of rows) await client.query(`drop database ${datname} with (force)`)
    await client.query(`drop role if exists ${name}_app, ${name}_lookup`)
  })
}

const leash = new Promise<void>((resolve) => {
  for (const event of ['end', 'close', 'error']) process.stdin.on(event, resolve)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve())
  process.stdin.resume()
})
process.stdout.on('error', () => {})

const given = process.env.TEST_DATABASE_URL
const name = `ambit_test_${randomBytes(4).toString('hex')}`
const server = given ? { url: given, stop: () => clear(given, name) } : await embedded()
try {
  process.stdout.write(`${JSON.stringify(await makeTemplate(server.url, name))}\n`)
  await leash
} finally {
  await server.stop()
}
process.exit()
