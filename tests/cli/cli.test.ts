import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { begin, file, root, run, useFolder } from '#tests/cli/commands.ts'
import { makeGroup, makeOrganization, type Organization, unique } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { peopleCsv } from '../../examples/make-people.ts'

const { owner, ownerUrl, appUrl } = await testDatabase()
useFolder()

const NOBODY = unique('nobody')
const eventsOf = (org: Organization, action: string) =>
  owner
    .selectFrom('events')
    .where('org_id', '=', org.id)
    .where('action', '=', action)
    .where('via', '=', 'cli')
    .selectAll()
    .execute()
describe('the commands', { timeout: 60_000 }, () => {
  it('are listed, and told one by one', async () => {
    const none = await run([])
    expect(none).toMatchObject({ code: 2, stdout: '' })
    const unknown = await run(['admin:destroy'])
    expect(unknown).toMatchObject({ code: 2, stdout: '' })
    expect(unknown.stderr).toContain('Unknown command admin:destroy.')
    const names = ['import:users', 'org:create', 'admin:create', 'admin:unlock', 'admin:reset-password']
    const helps = await Promise.all(names.map((name) => run([name, '--help'])))
    for (const [index, name] of names.entries()) {
      expect(unknown.stderr).toContain(name)
      expect(helps[index]).toMatchObject({ code: 0, stderr: '' })
      expect(helps[index]?.stdout).toContain(`npm run ${name} -- `)
    }
    expect(await run(['--help'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('import:users'),
    })
  })

  it.concurrent.each([
    [['import:users'], 'An argument is missing.'],
    [['import:users', 'a.csv', 'b.csv'], 'Too many arguments.'],
    [['import:users', 'a.csv', '--force'], "Unknown option '--force'"],
    [['admin:create', '--email', 'a@example.com', '--password-stdin'], 'Add --username.'],
    [['admin:create', '--username', 'a', '--email', 'a@example.com'], 'Add --password-stdin'],
    [['admin:create', '--role', 'superadmin'], '--role is owner or admin.'],
    [
      ['admin:reset-password', 'a', '--generate', '--password-stdin'],
      'Choose one of --generate and --password-stdin.',
    ],
  ])('used wrongly end with 2: %j', async (args, message) => {
    const { code, stdout, stderr } = await run(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toContain(`Usage: npm run ${args[0]}`)
  })

  it('say in one line what keeps them from working', async () => {
    const line = async (args: string[], env: Record<string, string>) => {
      const { code, stdout, stderr } = await run(args, { env, stdin: 'Another-Horse-8' })
      expect({ code, stdout, lines: stderr.trim().split('\n').length }).toEqual({
        code: 1,
        stdout: '',
        lines: 1,
      })
      return stderr
    }
    const onlyApp = { DATABASE_URL: '', DATABASE_APP_URL: appUrl }
    const create = ['admin:create', '--username', 'a', '--email', 'a@example.com', '--password-stdin']
    for (const args of [create, ['admin:unlock', 'a'], ['admin:reset-password', 'a']]) {
      expect(await line(args, onlyApp)).toContain('needs the database’s owner')
    }
    const away = Object.assign(new URL(ownerUrl), { port: '1' }).href
    expect(await line(['admin:unlock', 'a'], { DATABASE_URL: away })).toContain(':1 does not answer')
    expect(await line(['import:users', 'a.csv'], { PORT: 'x' })).toContain('PORT')
    expect(await line(['import:users', 'a.csv', '--organization', 'nowhere'], {})).toContain(
      'No organization nowhere.',
    )
    expect(await line(['admin:unlock', NOBODY], {})).toContain('no such account')
    const { code, stdout } = await run(['admin:unlock', NOBODY, '--json'])
    expect({ code, error: JSON.parse(stdout).error }).toEqual({
      code: 1,
      error: expect.stringContaining(NOBODY),
    })
  })
})

describe('import:users', { timeout: 60_000 }, () => {
  const people = (names: string[]) =>
    `username,email\n${names.map((name) => `${name},${name}@example.com\n`).join('')}`

  it('answers with data on stdout and messages on stderr', async () => {
    const org = await makeOrganization('Cold & Sons')
    const path = await file(people([unique('p'), unique('p')]))
    const args = ['import:users', path, '--organization', org.slug]
    const dry = await run([...args, '--dry-run', '--json'])
    expect(JSON.parse(dry.stdout)).toMatchObject({
      organization: org.slug,
      dry_run: true,
      imported: 2,
      errors: [],
      notes: [],
    })
    const done = await run(args)
    expect(done).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^Imported 2 people into Cold & Sons \(/),
    })
    const name = unique('p')
    const active = await file(`username,email,status\n${name},${name}@example.com,active\n`)
    expect((await run(['import:users', active, '--organization', org.slug])).stdout).toMatch(
      /^Imported 1 people .*\n1 active person in the file is imported as invited, without a password, until they accept an invitation\.\n$/,
    )
    const again = await run(args)
    expect(again).toMatchObject({ code: 1, stdout: '' })
    expect(again.stderr.trim().split('\n')).toEqual([
      ...[2, 3].flatMap((n) =>
        ['username', 'email'].map((field) => `line ${n}: ${field} is already in use in this organization`),
      ),
      'Nothing imported: 4 errors.',
    ])
    const json = await run([...args, '--json'])
    expect(json).toMatchObject({ code: 1, stderr: '' })
    expect(JSON.parse(json.stdout)).toMatchObject({
      imported: 0,
      errors: [{ line: 2, column: 'username' }, {}, {}, {}],
    })
    expect(await eventsOf(org, 'user:create')).toHaveLength(3)
  })

  it('runs on the application’s role, behind row security', async () => {
    const org = await makeOrganization()
    const path = await file(people([unique('p')]))
    const onlyApp = { DATABASE_URL: '', DATABASE_APP_URL: appUrl }
    expect(await run(['import:users', path, '--organization', org.slug], { env: onlyApp })).toMatchObject({
      code: 0,
    })
    const asOwner = { DATABASE_URL: '', DATABASE_APP_URL: ownerUrl }
    const refused = await run(['import:users', path, '--organization', org.slug], { env: asOwner })
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('not safe') })
  })

  it('keeps nothing of what was killed in the middle', async () => {
    const org = await makeOrganization()
    await makeGroup(org, { name: 'Post' })
    const names = Array.from({ length: 300 }, () => unique('p'))
    const path = await file(
      `username,email,groups\n${names.map((name) => `${name},${name}@example.com,Post\n`).join('')}`,
    )
    const args = ['import:users', path, '--organization', org.slug]
    const waiting = sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like 'insert into group_members%'`
    const { child, done } = begin(args)
    // the last of its statements has to wait here
    await owner.transaction().execute(async (tx) => {
      await sql`lock table group_members in share mode`.execute(tx)
      while ((await waiting.execute(owner)).rows[0]?.n === 0 && child.exitCode === null) await sleep(20)
      expect(child.exitCode).toBeNull()
      child.kill('SIGKILL')
      await done
    })
    while ((await waiting.execute(owner)).rows[0]?.n) await sleep(20)
    const left = await sql<{
      n: number
    }>`select count(*)::int as n from users where org_id = ${org.id}`.execute(owner)
    const accounts = await owner
      .selectFrom('accounts')
      .where('managed_by_org_id', '=', org.id)
      .select('id')
      .execute()
    expect([left.rows[0]?.n, accounts.length]).toEqual([0, 0])
    expect(await run(args)).toMatchObject({ code: 0 })
    expect(await eventsOf(org, 'group_member:create')).toHaveLength(300)
  })

  it('ships with an example that its generator makes', async () => {
    expect(await readFile(join(root, 'examples/people.csv'), 'utf8')).toBe(peopleCsv(5000))
  })
})
