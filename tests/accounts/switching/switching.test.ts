import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fn } from '#src/db/functions.ts'
import { Cookies } from '#src/http/cookies.ts'
import { paths } from '#src/paths.ts'
import { browserIn, entered, makeSuperadmin, placeOf } from '#tests/access/entering.ts'
import { state, trail } from '#tests/access/trail.ts'
import { type Answer, anonymous, as, Browser, browserOf, visitor } from '#tests/client.ts'
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

describe('nobody changes to', () => {
  const refused: [string, () => Promise<unknown>][] = [
    ['an organization that they left', () => setUser({ deleted_at: new Date().toISOString() })],
    ['an organization where they are disabled', () => setUser({ status: 'disabled' })],
    ['an organization that they were invited to', () => setUser({ status: 'invited' })],
    ['a suspended organization', () => setOrganization('suspended')],
  ]
  const setUser = (set: Record<string, string>) =>
    owner.updateTable('users').set(set).where('id', '=', twin.id).execute()
  const setOrganization = (status: string) =>
    owner.updateTable('organizations').set({ status }).where('id', '=', other.id).execute()

  test.each(refused)('%s', async (_, arrange) => {
    await arrange()
    const before = [await state(org), await state(other)]
    const [program, page] = [
      await change(other),
      await browserOf(person).post(paths.switchOrganization, { organization: other.id }),
    ]
    const places = await as(person).get(api(paths.switchOrganization))
    await setOrganization('active')
    expect(places.status).toBe(200)
    expect([program.status, page.status]).toEqual([404, 404])
    expect([await state(org), await state(other)]).toEqual(before)
    expect(await place(person.token)).toBe(org.id)
    expect(places.text).not.toContain(other.slug)
  })

  test('an organization where they are being disabled in that very moment', async () => {
    let answer: Promise<Answer> | undefined
    await owner.transaction().execute(async (tx) => {
      await tx.updateTable('users').set({ status: 'disabled' }).where('id', '=', twin.id).execute()
      answer = change(other)
      const waits = sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%switch_organization%'`
      while (!(await waits.execute(owner)).rows[0]?.n) await sleep(10)
    })
    expect((await answer)?.status).toBe(404)
    expect(await place(person.token)).toBe(org.id)
    const last = owner.selectFrom('accounts').where('id', '=', person.accountId).select('last_org_id')
    expect((await last.executeTakeFirstOrThrow()).last_org_id).not.toBe(other.id)
  })

  test('an organization that they are not in, or that is none', async () => {
    const strange = await makeOrganization()
    const before = await state(strange)
    for (const id of [strange.id, '00000000-0000-7000-8000-000000000000'])
      expect((await change({ id })).status).toBe(404)
    for (const id of ['', 'no-uuid', other.slug]) expect((await change({ id })).status).toBe(422)
    expect((await change(org)).status).toBe(409)
    expect(await state(strange)).toEqual(before)
    expect(await place(person.token)).toBe(org.id)
  })

  test('anything at all, as somebody else’s twin', async () => {
    const stranger = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    expect((await change(other, stranger)).status).toBe(404)
    const body = { organization: other.id, user: twin.id, account: person.accountId }
    expect((await as(stranger).post(api(paths.switchOrganization), body)).status).toBe(422)
  })

  test('anything without a session of their own', async () => {
    expect((await anonymous().post(api(paths.switchOrganization), { organization: other.id })).status).toBe(
      401,
    )
    expect((await visitor().post(paths.switchOrganization, { organization: other.id })).status).toBe(401)
    const cause = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }
    expect(
      (await browserOf(person).post(paths.switchOrganization, { organization: other.id }, cause)).status,
    ).toBe(403)
  })

  test('anything by an account that is disabled meanwhile, or a session that ended', async () => {
    const ends = [
      () =>
        owner
          .updateTable('accounts')
          .set({ status: 'disabled' })
          .where('id', '=', person.accountId)
          .execute(),
      async () => as(person).post(api(paths.auth.logout)),
    ]
    for (const end of ends.toReversed()) {
      await end()
      expect([401, 404]).toContain((await change(other)).status)
      const open = owner
        .selectFrom('sessions')
        .where('user_id', '=', twin.id)
        .where('revoked_at', 'is', null)
        .select('id')
      expect(await open.execute()).toHaveLength(2)
    }
  })
})

describe('whoever is where they entered from the platform', () => {
  test('leaves first, by page and by JSON', async () => {
    const superadmin = await makeSuperadmin()
    await joinOrganization(superadmin, other)
    await entered(superadmin, org)
    const answer = await change(other, superadmin)
    expect([answer.status, answer.json().detail]).toEqual([
      409,
      'You opened this organization as administrator. Leave it first.',
    ])
    expect(await placeOf(superadmin)).toBe(org.id)
    const browser = await browserIn(superadmin, org)
    const page = await browser.get(paths.switchOrganization)
    expect(page.text).toContain('leave it to switch')
    expect(page.text).not.toContain('Switch organization')
    expect((await browser.post(paths.switchOrganization, { organization: other.id })).status).toBe(409)
    await as(superadmin).post(api(paths.leaveOrganization))
    expect((await change(other, superadmin)).status).toBe(200)
  })

  test('can’t be brought to by the function itself either, nor by an impersonation', async () => {
    const superadmin = await makeSuperadmin()
    await joinOrganization(superadmin, other)
    await entered(superadmin, org)
    const session = await sessionOf(superadmin.token)
    const call = (id: string, account: string) =>
      here.db.lookup(
        fn.switch_organization({
          session: id,
          account,
          target: other.id,
          hash: Buffer.from('x'),
          address: null,
          agent: '',
          ctx: '{}',
        }),
      )
    await expect(call(session, superadmin.accountId)).rejects.toMatchObject({ code: '28000' })
    const token = await openSession(person, 'token')
    const impersonated = await sessionOf(token)
    const impersonation = { kind: 'impersonation', impersonator_id: superadmin.id }
    await owner.updateTable('sessions').set(impersonation).where('id', '=', impersonated).execute()
    await expect(call(impersonated, person.accountId)).rejects.toMatchObject({ code: '28000' })
    // nor with somebody else's session
    await expect(call(await sessionOf(superadmin.cookie), person.accountId)).rejects.toMatchObject({
      code: '28000',
    })
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
