import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import pg from 'pg'
import { root } from '#src/config.ts'
import { type Embedded, startEmbedded } from '#src/db/embedded.ts'
import { migrateToLatest } from '#src/db/migrate.ts'
import { appUrl, ownerDatabase } from '#src/db/owner.ts'
import { loadFloor } from './floor.ts'
import { loadPeople } from './people.ts'
import { loadRights } from './rights.ts'
import { loadScopes } from './scopes.ts'
import { CREATED } from './tested.ts'

/** Where the bench keeps its databases, profiles and logs. */
export const folder = join(root, '.data', 'bench')

/** Signs what the measured server signs, and makes the password of the application's role. */
export const SECRET = 'a secret of the bench, which guards nothing'

export type BenchDatabase = {
  server: Embedded
  /** Version of migrations and generator that it was made with. */
  version: string
  appUrl: string
  owner: pg.Client
  close(): Promise<void>
}

/** Starts the database of the bench, and fills it where it isn't what migrations and generator would make now. */
export async function openDatabase(say: (line: string) => void): Promise<BenchDatabase> {
  const server = await startEmbedded(folder)
  try {
    const wanted = await stamp()
    if ((await stampOf(server.url)) !== wanted) {
      const began = performance.now()
      say('Loading 1,000 organizations with 200,000 people, one with as many, and one with 1,000,000, once…')
      await load(server.url, wanted)
      say(`Loaded in ${Math.round((performance.now() - began) / 1000)} s`)
    }
    const owner = new pg.Client({ connectionString: server.url, application_name: 'bench' })
    owner.on('error', () => {})
    await owner.connect()
    return {
      server,
      owner,
      version: wanted,
      appUrl: await appUrl(server.url, SECRET),
      close: async () => {
        await owner.end()
        await server.stop()
      },
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** Deletes what runs have created, without the triggers. */
export async function forgetCreated(owner: pg.Client): Promise<void> {
  await owner.query(`
    begin;
    set local session_replication_role = replica;
    create temp table gone on commit drop as select org_id, id, account_id from users where username like '${CREATED}%';
    delete from search_words w using gone g where w.org_id = g.org_id and w.record_id = g.id;
    delete from user_roles r using gone g where r.org_id = g.org_id and r.user_id = g.id;
    delete from group_members m using gone g where m.org_id = g.org_id and m.user_id = g.id;
    delete from users u using gone g where u.org_id = g.org_id and u.id = g.id;
    delete from accounts a using gone g where a.id = g.account_id;
    delete from floor.people where username like '${CREATED}%';
    truncate floor.trail, events, security_events, unknown_logins;
    commit;
  `)
  for (const table of ['users', 'accounts', 'search_words', 'user_roles', 'floor.people'])
    await owner.query(`vacuum analyze ${table}`)
}

async function stamp(): Promise<string> {
  const hash = createHash('sha256')
  for (const part of ['migrations', 'src/db/functions', 'bench/data']) {
    const names = await readdir(join(root, part), { recursive: true })
    for (const name of names.filter((file) => extname(file)).sort())
      hash.update(await readFile(join(root, part, name)))
  }
  return hash.digest('hex').slice(0, 16)
}

async function stampOf(url: string): Promise<string | null> {
  const answer = await asOwner(url, (client) =>
    client.query(
      `select shobj_description(oid, 'pg_database') as stamp from pg_database where datname = current_database()`,
    ),
  )
  return answer.rows[0].stamp
}

async function load(url: string, wanted: string): Promise<void> {
  const maintenance = new URL(url)
  const name = pg.escapeIdentifier(maintenance.pathname.slice(1))
  maintenance.pathname = '/postgres'
  await asOwner(maintenance.href, async (client) => {
    await client.query(`drop database if exists ${name} with (force)`)
    await client.query(`create database ${name}`)
  })
  const kysely = ownerDatabase(url)
  await migrateToLatest(kysely).finally(() => kysely.destroy())
  await asOwner(url, async (client) => {
    await client.query(
      "set session_replication_role = replica; set synchronous_commit = off; set work_mem = '128MB'",
    )
    await client.query("set maintenance_work_mem = '256MB'")
    await client.query('begin')
    await loadPeople(client)
    await loadRights(client)
    await loadScopes(client)
    await loadFloor(client)
    await client.query('commit')
    await client.query('vacuum (analyze, parallel 0)')
    await client.query('checkpoint')
    await client.query(`comment on database ${name} is ${pg.escapeLiteral(wanted)}`)
  })
}

async function asOwner<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return work(client).finally(() => client.end())
}
