import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { paths } from '#src/paths.ts'
import { run, useFolder } from '#tests/cli/commands.ts'
import { anonymous, as, browserOf } from '#tests/client.ts'
import {
  joinOrganization,
  makeOrganization,
  makeUser,
  type Organization,
  openSession,
  roleOf,
} from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { type Process, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const here = await testDatabase()
const { owner } = here
useFolder()

let elsewhere: Process
beforeAll(async () => {
  elsewhere = await here.anotherProcess()
})
afterAll(() => elsewhere[Symbol.asyncDispose]())

const status = async (person: Person, process: Process) =>
  (await as(person, process.app).get(`/api/v1${paths.auth.me}`)).status
/** On every process, within the second of every revocation. */
const becomes = (expected: number, ...people: Person[]) =>
  Promise.all(
    people.flatMap((person) =>
      [here, elsewhere].map((process) =>
        expect.poll(() => status(person, process), { timeout: 1000, interval: 10 }).toBe(expected),
      ),
    ),
  )
const lines = async (org: Organization, action: string) =>
  owner.selectFrom('events').where('org_id', '=', org.id).where('action', '=', action).selectAll().execute()

describe('sessions:revoke-all', { timeout: 60_000 }, () => {
  it('signs an account out, in all its organizations, and leaves it no way to renew', async () => {
    const [org, other] = [await makeOrganization(), await makeOrganization()]
    const person = await makeUser(org, { roles: [roleOf(org, 'user')] })
    const there = await joinOrganization(person, other)
    const bystander = await makeUser(org)
    const login = await anonymous().post('/api/v1/auth/login', {
      username: person.username,
      password: PASSWORD,
    })
    const { refresh_token } = login.json<{ refresh_token: string }>()
    // more than are named one by one to the other processes
    await Promise.all(Array.from({ length: 60 }, () => openSession(person, 'token')))
    await becomes(200, person, there, bystander)
    const done = await run([
      'sessions:revoke-all',
      '--user',
      ` ${person.email.toUpperCase()}`,
      '--reason',
      'lost phone',
      '--json',
    ])
    expect(done).toMatchObject({ code: 0, stderr: '' })
    await becomes(401, person, there)
    expect(JSON.parse(done.stdout)).toEqual({ sessions_ended: 65 })
    expect((await browserOf(person).get(paths.me)).status).toBe(303)
    expect((await anonymous().post('/api/v1/auth/refresh', { refresh_token })).status).toBe(401)
    expect(await status(bystander, elsewhere)).toBe(200)
    const reason = expect.stringMatching(/^sessions:revoke-all by .+: lost phone$/)
    for (const [place, { id }] of [
      [org, person],
      [other, there],
    ] as const)
      expect(await lines(place, 'account:end_sessions')).toMatchObject([
        { via: 'cli', reason, target_type: 'user', target_id: id, data: { sessions_ended: 65 } },
      ])
    const ended = await lines(other, 'session:update')
    expect(ended.map(({ via, reason: why }) => [via, why])).toEqual([
      ['cli', reason],
      ['cli', reason],
    ])
    const told = owner.selectFrom('security_events').where('account_id', '=', person.accountId).selectAll()
    expect((await told.execute()).filter(({ action }) => action === 'account:end_sessions')).toHaveLength(1)
    const again = await anonymous().post('/api/v1/auth/login', {
      username: person.username,
      password: PASSWORD,
    })
    expect(again.status).toBe(200)
  })

  it('signs an organization out, and no other', async () => {
    const [org, other] = [await makeOrganization(), await makeOrganization()]
    const [one, two] = [await makeUser(org), await makeUser(org)]
    const there = await joinOrganization(one, other)
    await becomes(200, one, two, there)
    const done = await run(['sessions:revoke-all', '--organization', org.slug])
    expect(done).toMatchObject({ code: 0, stdout: '4 sessions signed out.\n', stderr: '' })
    await becomes(401, one, two)
    expect(await status(there, elsewhere)).toBe(200)
    expect(await lines(org, 'organization:end_sessions')).toMatchObject([
      { via: 'cli', target_id: org.id, data: { sessions_ended: 4 } },
    ])
    expect(await lines(other, 'organization:end_sessions')).toEqual([])
  })

  it('signs everybody out', async () => {
    const [org, other] = [await makeOrganization(), await makeOrganization()]
    const people = [await makeUser(org), await makeUser(other)]
    await becomes(200, ...people)
    expect(await run(['sessions:revoke-all', '--everyone'])).toMatchObject({ code: 0, stderr: '' })
    await becomes(401, ...people)
    for (const place of [org, other])
      expect(await lines(place, 'organization:end_sessions')).toMatchObject([{ data: { sessions_ended: 2 } }])
  })

  it('is told whose, and refuses whom it does not know', async () => {
    const wrong = [[], ['--user', 'a', '--everyone'], ['--organization', 'a', '--user', 'b']]
    for (const args of wrong) {
      const { code, stdout, stderr } = await run(['sessions:revoke-all', ...args])
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain('Choose one of --user')
    }
    expect(await run(['sessions:revoke-all', '--user', 'nobody-at-all'])).toMatchObject({
      code: 1,
      stderr: 'nobody-at-all is not a user name or e-mail address of an account.\n',
    })
    expect(await run(['sessions:revoke-all', '--organization', 'nowhere'])).toMatchObject({
      code: 1,
      stderr: 'No organization nowhere.\n',
    })
  })
})
