import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Migrator } from 'kysely/migration'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { nextNumber } from '#src/cli/kysely.ts'
import { migrator, schemaError } from '#src/db/migrate.ts'
import { file, type Run, root, run, useFolder } from '#tests/cli/commands.ts'
import { unique } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { SECRET } from '#tests/setup/secrets.ts'

const { owner, ownerUrl } = await testDatabase()
useFolder()

const bin = join(root, 'node_modules', 'kysely-ctl', 'dist', 'bin.mjs')

/** A database that these commands make, beside that of the tests. */
const name = unique('by_kysely').replaceAll('-', '_')
const url = Object.assign(new URL(ownerUrl), { pathname: `/${name}` }).href

async function kysely(words: string, { database = url, input = '', terminal = false } = {}): Promise<Run> {
  const env = { PATH: process.env.PATH, DATABASE_URL: database, SECRET_KEY: SECRET, ENVIRONMENT: 'test' }
  const call = [process.execPath, bin, ...words.split(' '), '--no-outdated-check']
  const [program = '', ...args] = terminal
    ? ['script', '--quiet', '--return', '--command', call.map((word) => `'${word}'`).join(' '), '/dev/null']
    : call
  const child = spawn(program, args, { cwd: root, env })
  const seen = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (piece) => {
      seen[stream] += piece
      if (terminal && /Type \S+ to continue: /.test(seen[stream])) child.stdin.end(input)
    })
  if (!terminal) child.stdin.end(input)
  const [code] = await once(child, 'close')
  return { code, ...seen }
}

const known = async () => {
  const all = await migrator(owner as never).getMigrations()
  return Object.fromEntries(all.map(({ name, migration }) => [name, migration]))
}

const applied = async (database: string) => {
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  const { rows } = await client.query('select name from kysely_migration order by name')
  await client.end()
  return rows.map((row) => row.name as string)
}

afterAll(async () => {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  await client.query(`drop database if exists ${name} with (force)`)
  await client.end()
})

describe('kysely’s commands', { timeout: 60_000 }, () => {
  it('tell about themselves and do nothing', async () => {
    const before = await applied(ownerUrl)
    const asked = [
      'migrate down --help',
      'migrate rollback --all -h',
      'seed run --help',
      'migrate:down --help',
    ]
    const told = await Promise.all(asked.map((words) => kysely(words, { database: ownerUrl })))
    for (const one of told) {
      expect(one).toMatchObject({ code: 0, stderr: '' })
      expect(one.stdout).toContain('Usage: npx kysely ')
    }
    expect(await applied(ownerUrl)).toEqual(before)
  })

  it('refuse flags and words that they don’t know', async () => {
    const before = await applied(ownerUrl)
    for (const words of [
      'migrate down --bogus --yes',
      'migrate rollback --all --force',
      'seed run one two',
    ]) {
      const refused = await kysely(words, { database: ownerUrl })
      expect(refused.code).toBe(2)
      expect(refused.stderr).toMatch(/Unknown option|doesn’t take “two”/)
    }
    expect(await applied(ownerUrl)).toEqual(before)
  })

  it('take nothing away unasked, and name the database', async () => {
    const before = await applied(ownerUrl)
    const refused = await kysely('migrate rollback --all', { database: ownerUrl })
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/^kysely migrate rollback undoes all migrations: .*\n$/)
    expect(refused.stderr).toContain(new URL(ownerUrl).pathname.slice(1))
    const no = await kysely('migrate down', { database: ownerUrl, terminal: true, input: 'yes\n' })
    expect(no.code).toBe(2)
    expect(no.stdout).toContain('Nothing changed.')
    expect(await applied(ownerUrl)).toEqual(before)
  })

  it('make a database that people are imported into, and take a migration back where that is meant', async () => {
    expect(await kysely('migrate latest')).toMatchObject({ code: 0 })
    expect(await kysely('seed run')).toMatchObject({ code: 0 })
    const people = await file('username,email\nnew.person,new.person@example.com\n')
    expect(await run(['import:users', people], { env: { DATABASE_URL: url } })).toMatchObject({ code: 0 })
    const all = await applied(url)
    expect(await kysely('migrate down --yes')).toMatchObject({ code: 0 })
    expect(await applied(url)).toEqual(all.slice(0, -1))
    expect(await kysely('migrate up')).toMatchObject({ code: 0 })
    const taken = await kysely('migrate down', { terminal: true, input: `${name}\n` })
    expect([taken.code, await applied(url)]).toEqual([0, all.slice(0, -1)])

    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query("insert into kysely_migration values ('99_later', now()::text)")
    const newer = await kysely('migrate latest')
    expect(newer).toMatchObject({ code: 1 })
    expect(newer.stderr).toBe(
      'The database is newer than this version of Ambit: upgrade Ambit, or restore a backup.\n',
    )
    await client.query("delete from kysely_migration where name = '99_later'")
    await client.end()
  })

  it('tell a migration that comes too early from a database that is newer', async () => {
    const [first = ''] = await applied(ownerUrl)
    const early = { '00_early': { up: async () => {} } }
    const provider = { getMigrations: async () => ({ ...early, ...(await known()) }) }
    const done = await new Migrator({ db: owner, provider }).migrateToLatest()
    expect(schemaError(done).message).toBe(
      `Migration 00_early comes before ${first}, which this database already has: rename it so that it comes last.`,
    )
  })

  it('number a new migration as the others are', async () => {
    const last = Number((await readdir(join(root, 'migrations'))).sort().at(-1)?.slice(0, 2))
    expect(nextNumber('migrations')).toBe(`${String(last + 1).padStart(2, '0')}_`)
    expect(nextNumber('seeds')).toBe('3_')
  })

  it('say in one line that the database is away', async () => {
    const away = Object.assign(new URL(ownerUrl), { port: '1' }).href
    for (const words of ['migrate list', 'seed run'])
      expect((await kysely(words, { database: away })).stderr).toMatch(
        /^The database at [^\n]* does not answer[^\n]*\n$/,
      )
  })
})
