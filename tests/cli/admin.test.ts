import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { withFactor } from '#tests/accounts/factors.ts'
import { linkFor } from '#tests/accounts/links.ts'
import { file, type Options, run, useFolder } from '#tests/cli/commands.ts'
import { anonymous, as } from '#tests/client.ts'
import { makeOrganization, makeUser, type Organization, unique } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, ownerUrl, config } = await testDatabase()
const STRONG = 'Another-Horse-8'
useFolder()

const signIn = async (username: string, password: string) =>
  (await anonymous().post('/api/v1/auth/login', { username, password })).status

const eventsOf = (org: Organization, action: string) =>
  owner
    .selectFrom('events')
    .where('org_id', '=', org.id)
    .where('action', '=', action)
    .where('via', '=', 'cli')
    .selectAll()
    .execute()
const securityEvents = (account: string, action: string) =>
  owner
    .selectFrom('security_events')
    .where('account_id', '=', account)
    .where('action', '=', action)
    .selectAll()
    .execute()

describe('admin:create', { timeout: 60_000 }, () => {
  const create = (username: string, more: string[] = [], options: Options = {}) =>
    run(
      [
        'admin:create',
        '--username',
        username,
        '--email',
        `${username}@example.com`,
        '--password-stdin',
        ...more,
      ],
      {
        stdin: `${STRONG}\n`,
        ...options,
      },
    )

  it('makes somebody who can sign in and administer, in the trail', async () => {
    const org = await makeOrganization()
    const name = unique('chief')
    const made = await create(name.toUpperCase(), [
      '--organization',
      org.slug,
      '--reason',
      'first one',
      '--json',
      '--first-name',
      'Ada',
    ])
    expect(made).toMatchObject({ code: 0, stderr: '' })
    const data = JSON.parse(made.stdout)
    expect(data).toMatchObject({ username: name, role: 'owner', organization: org.slug })
    expect(made.stdout).not.toContain(STRONG)
    const login = await anonymous().post('/api/v1/auth/login', { username: name, password: STRONG })
    expect(login.status).toBe(200)
    const reason = expect.stringMatching(/^admin:create by .+: first one$/)
    expect(await eventsOf(org, 'user:create')).toMatchObject([{ target_id: data.id, reason }])
    expect(await eventsOf(org, 'user_role:create')).toMatchObject([{ target_id: data.id, reason }])
    expect(await securityEvents(data.account, 'account:create')).toMatchObject([
      { data: { via: 'cli', reason, role: 'owner' } },
    ])
    const admin = await create(unique('admin'), ['--organization', org.slug, '--role', 'admin'])
    expect(admin).toMatchObject({ code: 0, stdout: expect.stringContaining(`is admin of ${org.slug}`) })
  })

  it('refuses taken names, weak passwords and unknown organizations, and keeps nothing', async () => {
    const org = await makeOrganization()
    const there = await makeUser(org)
    const at = ['--organization', org.slug]
    expect(await create(there.username, at)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `the user name ${there.username} and the address ${there.email} are taken: choose a different one, or use admin:reset-password.\n`,
    })
    const name = unique('p')
    expect((await create(name, [...at, '--email', there.email])).stderr).toMatch(/^the address .* is taken/)
    expect(await create(name, at, { stdin: 'short' })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^The password needs 8 characters/),
    })
    expect(await create(name, at, { stdin: '' })).toMatchObject({
      code: 1,
      stderr: 'The password is required.\n',
    })
    expect(await create(name, [...at, '--email', 'x'])).toMatchObject({
      code: 1,
      stderr: 'The e-mail address: Enter an e-mail address like name@example.com.\n',
    })
    expect((await create(name, ['--organization', 'nowhere'])).stderr).toBe('No organization nowhere.\n')
    expect(await owner.selectFrom('accounts').where('username', '=', name).select('id').execute()).toEqual([])
  })

  it('begins an installation in production: default organization, no demo accounts', async () => {
    const name = `${new URL(ownerUrl).pathname.slice(1)}_new`
    await sql`create database ${sql.id(name)} template template0`.execute(owner)
    const url = Object.assign(new URL(ownerUrl), { pathname: `/${name}` }).href
    const env = { DATABASE_URL: url, ENVIRONMENT: 'production', EMAIL_VALIDATION_ENABLED: 'false' }
    try {
      expect((await run(['admin:unlock', 'a'], { env })).stderr).toContain('There is no organization yet')
      const made = await create('first', ['--json'], { env })
      expect(made.code).toBe(0)
      expect(JSON.parse(made.stdout)).toMatchObject({ username: 'first', organization: 'default' })
      expect(await create('second', [], { env })).toMatchObject({ code: 0, stderr: '' })
      const path = await file('username,email\none,one@example.com\n')
      expect(await run(['import:users', path, '--json'], { env })).toMatchObject({ code: 0 })
    } finally {
      await sql`drop database ${sql.id(name)} with (force)`.execute(owner)
      await sql`drop role if exists ${sql.id(`${name}_app`)}, ${sql.id(`${name}_lookup`)}`.execute(owner)
    }
  })
})

describe('admin:unlock', { timeout: 60_000 }, () => {
  it('lets a locked name in again at once, known or not, while the server runs', async () => {
    const org = await makeOrganization()
    const person = await makeUser(org)
    const unknown = unique('nobody')
    for (const name of [person.username, unknown]) {
      for (let n = 0; n < config.LOCKOUT_ATTEMPTS; n++) await signIn(name, 'wrong')
    }
    expect([await signIn(person.username, PASSWORD), await signIn(unknown, PASSWORD)]).toEqual([429, 429])
    const done = await run(['admin:unlock', person.email.toUpperCase(), '--reason', 'called us'])
    expect(done).toMatchObject({
      code: 0,
      stderr: '',
      stdout: `${person.email} is unlocked.\n`,
    })
    expect(await signIn(person.username, PASSWORD)).toBe(200)
    const reason = expect.stringMatching(/^admin:unlock by .+: called us$/)
    expect(await securityEvents(person.accountId, 'account:unlock')).toMatchObject([
      { data: { via: 'cli', reason, locked: true } },
    ])
    expect(await eventsOf(org, 'account:unlock')).toMatchObject([
      { target_type: 'user', target_id: person.id, reason },
    ])

    const free = await run(['admin:unlock', unknown, '--json'])
    expect(JSON.parse(free.stdout)).toMatchObject({ name: unknown, account: null, was_locked: true })
    expect(await signIn(unknown, PASSWORD)).toBe(401)
  })
})

describe('admin:reset-second-factor', { timeout: 60_000 }, () => {
  it('takes it away with its codes, ends every session, in the trail', async () => {
    const org = await makeOrganization()
    const person = await makeUser(org)
    await withFactor(person)
    expect(await signIn(person.username, PASSWORD)).toBe(401)
    const done = await run(['admin:reset-second-factor', person.email, '--reason', 'lost her phone'])
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(done.stdout).toBe(
      `${person.username} no longer has two-step verification; 2 sessions signed out.\n`,
    )
    expect(await signIn(person.username, PASSWORD)).toBe(200)
    expect((await as(person).get('/api/v1/auth/me')).status).toBe(401)
    const reason = expect.stringMatching(/^admin:reset-second-factor by .+: lost her phone$/)
    expect(await securityEvents(person.accountId, 'account:reset_second_factor')).toMatchObject([
      { data: { via: 'cli', reason, sessions_ended: 2 } },
    ])
    expect(await eventsOf(org, 'account:reset_second_factor')).toMatchObject([
      { target_id: person.id, reason },
    ])
    for (const table of ['totp_credentials', 'recovery_codes'] as const) {
      const left = owner.selectFrom(table).where('account_id', '=', person.accountId)
      expect(await left.select('account_id').execute()).toEqual([])
    }
    const again = await run(['admin:reset-second-factor', person.email])
    expect(again).toMatchObject({ code: 1, stdout: '' })
    expect(again.stderr).toContain('doesn’t use two-step verification')
    expect((await run(['admin:reset-second-factor', unique('nobody')])).code).toBe(1)
  })
})

describe('admin:reset-password', { timeout: 60_000 }, () => {
  it('sets it, ends every session and unlocks, in the trail', async () => {
    const org = await makeOrganization()
    const person = await makeUser(org)
    const before = await owner
      .selectFrom('accounts')
      .where('id', '=', person.accountId)
      .selectAll()
      .executeTakeFirstOrThrow()
    for (let n = 0; n < config.LOCKOUT_ATTEMPTS; n++) await signIn(person.username, 'wrong')
    const undo = await linkFor(person, 'undo_email')
    const device = { account_id: person.accountId, hash: Buffer.from('a browser') }
    await owner.insertInto('known_devices').values(device).execute()
    expect((await as(person).get('/api/v1/auth/me')).status).toBe(200)
    const done = await run(['admin:reset-password', person.username, '--json'], { stdin: `${STRONG}\n` })
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(done.stdout)).toEqual({
      account: person.accountId,
      username: person.username,
      sessions_ended: 2,
      activated: false,
      can_sign_in: true,
    })
    expect((await as(person).get('/api/v1/auth/me')).status).toBe(401)
    expect([await signIn(person.username, PASSWORD), await signIn(person.username, STRONG)]).toEqual([
      401, 200,
    ])
    const account = await owner
      .selectFrom('accounts')
      .where('id', '=', person.accountId)
      .selectAll()
      .executeTakeFirstOrThrow()
    expect(account.password_changed_at).not.toBe(before.password_changed_at)
    const kept = owner.selectFrom('known_devices').where('account_id', '=', person.accountId)
    expect(await kept.selectAll().execute()).toEqual([])
    const undone = { token: undo, password: STRONG }
    expect((await anonymous().post('/api/v1/auth/undo-email', undone)).status).toBe(404)
    const reason = expect.stringMatching(/^admin:reset-password by /)
    expect(await eventsOf(org, 'session:update')).toMatchObject([{ reason }, { reason }])
    expect(await eventsOf(org, 'account:reset_password')).toMatchObject([
      { target_id: person.id, reason, data: { sessions_ended: 2 } },
    ])
    expect(await securityEvents(person.accountId, 'account:reset_password')).toMatchObject([
      { data: { via: 'cli', reason } },
    ])
    const weak = await run(['admin:reset-password', person.username], { stdin: 'weak' })
    expect(weak).toMatchObject({ code: 1, stdout: '' })
    expect(await signIn(person.username, STRONG)).toBe(200)
  })

  it('generates a strong one, prints it once, and lets somebody in who was only invited', async () => {
    const org = await makeOrganization()
    const name = unique('p')
    const path = await file(`username,email,roles\n${name},${name}@example.com,member\n`)
    await run(['import:users', path, '--organization', org.slug])
    const { code, stdout, stderr } = await run(['admin:reset-password', `${name}@example.com`, '--generate'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\S{24}\n$/)
    expect(stderr).toContain('They had only been invited and are now active.')
    expect(stderr).not.toContain(stdout.trim())
    expect(await signIn(name, stdout.trim())).toBe(200)
    const trail = await sql<{
      found: boolean
    }>`select exists (select from events where data::text like ${`%${stdout.trim()}%`})
      or exists (select from security_events where data::text like ${`%${stdout.trim()}%`}) as found`.execute(
      owner,
    )
    expect(trail.rows[0]?.found).toBe(false)
  })

  it('says when somebody still can’t sign in', async () => {
    const person = await makeUser(await makeOrganization(), { status: 'disabled' })
    const done = await run(['admin:reset-password', person.username], { stdin: STRONG })
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('can’t sign in') })
    expect(await signIn(person.username, STRONG)).toBe(401)
    const unknown = await run(['admin:reset-password', unique('nobody'), '--generate'])
    expect(unknown).toMatchObject({ code: 1, stdout: '' })
  })
})
