import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Cookies } from '#src/http/cookies.ts'
import { paths } from '#src/paths.ts'
import { placeOf } from '#tests/access/entering.ts'
import { trail } from '#tests/access/trail.ts'
import { type Answer, anonymous, as, Browser, browserOf } from '#tests/client.ts'
import {
  joinOrganization,
  makeOrganization,
  makeUser,
  type Organization,
  openSession,
  roleOf,
  sessionOf,
} from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { type Process, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const here = await testDatabase()
const { owner, config } = here
const cookies = new Cookies(config)
const api = (path: string) => `/api/v1${path}`

let org: Organization
let other: Organization
let elsewhere: Process
/** Somebody in both, and the same there. */
let person: Person
let twin: Person

beforeAll(async () => {
  ;[org, other] = await Promise.all([makeOrganization(), makeOrganization()])
  elsewhere = await here.anotherProcess()
})
afterAll(() => elsewhere[Symbol.asyncDispose]())
beforeEach(async () => {
  person = await makeUser(org, { roles: [roleOf(org, 'user')] })
  twin = await joinOrganization(person, other, { roles: [roleOf(other, 'admin')] })
})

type Tokens = { access_token: string; refresh_token: string; user: { id: string } }
const change = (to: { id: string }, by = person, app = here.app) =>
  as(by, app).post(api(paths.switchOrganization), { organization: to.id })
const moved = async (to = other, by = person) => {
  const answer = await change(to, by)
  expect(answer.status, answer.text).toBe(200)
  return answer.json<Tokens>()
}
const place = (token: string, process: Process = here) => placeOf({ ...person, token }, process)
const becomes = (expected: string | number, token: string, process: Process = here) =>
  expect.poll(() => place(token, process), { timeout: 1000, interval: 5 }).toBe(expected)
const row = (id: string) =>
  owner
    .selectFrom('sessions')
    .where('id', '=', id)
    .select([
      'org_id',
      'user_id',
      'kind',
      'expires_at',
      'idle_timeout',
      'second_factor_at',
      'proved_at',
      'revoked_at',
    ])
    .executeTakeFirstOrThrow()
const inTrail = async (where: { id: string }, answer: Answer) =>
  trail(where, { request: answer.headers.get('x-request-id') as string })

describe('changing to another organization', () => {
  test('by a program ends its session, and opens one like it there by other tokens', async () => {
    const was = await sessionOf(person.token)
    const answer = await change(other)
    const tokens = answer.json<Tokens>()
    expect(tokens).toEqual({
      access_token: expect.stringMatching(/^[\w-]{43}$/),
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      token_type: 'Bearer',
      expires_in: 900,
      user: expect.objectContaining({ id: twin.id }),
    })
    expect(await place(tokens.access_token)).toBe(other.id)
    await Promise.all([here, elsewhere].map((process) => becomes(401, person.token, process)))
    const is = await sessionOf(tokens.access_token)
    const [old, now] = [await row(was), await row(is)]
    expect(old).toMatchObject({ org_id: org.id, user_id: person.id, revoked_at: expect.any(String) })
    expect(now).toMatchObject({ org_id: other.id, user_id: twin.id, kind: 'token', revoked_at: null })
    expect(now.expires_at).toBe(old.expires_at)
    expect(now.proved_at).toBe(old.proved_at)
    const renewed = await anonymous().post(api(paths.auth.refresh), { refresh_token: tokens.refresh_token })
    expect(await place(renewed.json<Tokens>().access_token)).toBe(other.id)
    // the others of the same person go on where they are
    expect([await place(twin.token), (await browserOf(person).get(paths.me)).status]).toEqual([other.id, 200])
  })

  test('by a browser gives it another cookie', async () => {
    const browser = browserOf(person)
    const answer = await browser.post(paths.switchOrganization, { organization: other.id })
    expect([answer.status, answer.headers.get('location')], answer.text).toEqual([303, paths.home])
    const token = browser.cookies.get(cookies.session) as string
    expect(token).toMatch(/^[\w-]{43}$/)
    expect([person.cookie, twin.cookie]).not.toContain(token)
    expect((await row(await sessionOf(token))).kind).toBe('browser')
    const { text } = await browser.get(paths.switchOrganization)
    const slug = (
      await owner
        .selectFrom('organizations')
        .where('id', '=', other.id)
        .select('name')
        .executeTakeFirstOrThrow()
    ).name
    expect(text).toContain(`<span>${slug}</span>`)
    await expect
      .poll(async () => (await new Browser(person.cookie, here.app).get(paths.me)).status, { timeout: 1000 })
      .toBe(303)
    // and a form of the page from before writes nothing
    const stale = browserOf(person).formToken
    expect(
      (await browser.post(paths.switchOrganization, { organization: org.id, csrf_token: stale })).status,
    ).toBe(403)
    expect((await browser.post(paths.switchOrganization, { organization: org.id })).status).toBe(303)
  })

  test('by JSON with a cookie answers nothing but another cookie', async () => {
    const browser = browserOf(person)
    const answer = await browser.post(
      paths.switchOrganization,
      { organization: other.id },
      { Accept: 'application/json' },
    )
    expect([answer.status, answer.text]).toEqual([204, ''])
    expect(browser.cookies.get(cookies.session)).not.toBe(person.cookie)
  })

  test('stands in both trails, of which neither names the other', async () => {
    const was = await sessionOf(person.token)
    const answer = await change(other)
    const is = await sessionOf(answer.json<Tokens>().access_token)
    const before = await inTrail(org, answer)
    const after = await inTrail(other, answer)
    expect(before.map(({ action, target_id }) => [action, target_id])).toEqual([
      ['session:update', was],
      ['auth:switch_away', was],
    ])
    expect(after.map(({ action, target_id }) => [action, target_id])).toEqual([
      ['session:create', is],
      ['auth:switch_here', is],
    ])
    for (const line of before)
      expect(line).toMatchObject({
        actor_org_id: org.id,
        actor_user_id: person.id,
        via: 'api',
        ip: '192.0.2.7',
      })
    for (const line of after)
      expect(line).toMatchObject({
        actor_org_id: other.id,
        actor_user_id: twin.id,
        via: 'api',
        ip: '192.0.2.7',
      })
    expect(JSON.stringify(before)).not.toContain(other.id)
    expect(JSON.stringify(after)).not.toContain(org.id)
  })

  test('is remembered: the next sign-in leads there', async () => {
    await moved()
    const login = await anonymous().post(api(paths.auth.login), {
      username: person.username,
      password: PASSWORD,
    })
    expect(login.json<Tokens>().user.id).toBe(twin.id)
    const seen = owner.selectFrom('users').where('id', '=', twin.id).select('last_login_at')
    expect((await seen.executeTakeFirstOrThrow()).last_login_at).not.toBeNull()
  })

  test('gives the rights of there, and no more', async () => {
    expect((await as(person).get(api(paths.roles))).status).toBe(403)
    const { access_token } = await moved()
    const there = { ...twin, token: access_token }
    expect((await as(there).get(api(paths.roles))).status).toBe(200)
    const back = await moved(org, there)
    expect((await as({ ...person, token: back.access_token }).get(api(paths.roles))).status).toBe(403)
  })

  test('carries over what was proved, and never prolongs', async () => {
    const token = await openSession(person, 'token', {
      ends: '1 hour',
      idle: '30 minutes',
      proved: '5 minutes',
    })
    const was = await sessionOf(token)
    await owner
      .updateTable('sessions')
      .set({ second_factor_at: sql<string>`now() - interval '1 hour'` })
      .where('id', '=', was)
      .execute()
    const { access_token } = await moved(other, { ...person, token })
    const { expires_at, second_factor_at, proved_at } = await row(was)
    expect(await row(await sessionOf(access_token))).toMatchObject({
      expires_at,
      second_factor_at,
      proved_at,
    })
  })

  test('fifty times at once opens one session', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => change(other, person, (i % 2 ? here : elsewhere).app)),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(new Set(statuses)).toEqual(new Set([200, 401]))
    const open = owner
      .selectFrom('sessions')
      .where('user_id', '=', twin.id)
      .where('revoked_at', 'is', null)
      .select('id')
    // the two that the factory opened, and this one
    expect(await open.execute()).toHaveLength(3)
  })

  test('logging out then ends that session, and nobody else’s', async () => {
    const { access_token } = await moved()
    const bystander = await openSession(person, 'token')
    await as({ ...twin, token: access_token }).post(api(paths.auth.logout))
    await becomes(401, access_token)
    expect([await place(bystander), await place(twin.token)]).toEqual([org.id, other.id])
  })
})

describe('where one can go', () => {
  const list = (by: Person) => as(by).get(api(paths.switchOrganization))
  type Places = { data: { id: string; current: boolean; username: string }[]; managed_by: string | null }

  test('is answered as JSON and as a page', async () => {
    const { data } = (await list(person)).json<Places>()
    expect(data.map(({ id, current }) => [id, current]).sort()).toEqual(
      [
        [org.id, true],
        [other.id, false],
      ].sort(),
    )
    const { text } = await browserOf(person).get(paths.switchOrganization)
    expect(text).toContain(`value="${other.id}"`)
    expect(text).not.toContain(`value="${org.id}"`)
    expect(text).toContain('You are here')
  })

  test('is in the menu of whoever is in more than one, at once and on every process', async () => {
    const alone = await makeUser(org)
    const menu = async (process: Process) =>
      (await browserOf(alone, process.app).get(paths.me)).text.includes('Switch organization')
    const shows = (expected: boolean) =>
      Promise.all(
        [here, elsewhere].map((process) =>
          expect.poll(() => menu(process), { timeout: 1000, interval: 20 }).toBe(expected),
        ),
      )
    await shows(false)
    const there = await joinOrganization(alone, other)
    await shows(true)
    await owner.updateTable('users').set({ status: 'disabled' }).where('id', '=', there.id).execute()
    await shows(false)
  })
})
