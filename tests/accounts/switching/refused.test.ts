import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fn } from '#src/db/functions.ts'
import { paths } from '#src/paths.ts'
import { browserIn, entered, makeSuperadmin, placeOf } from '#tests/access/entering.ts'
import { state } from '#tests/access/trail.ts'
import { type Answer, anonymous, as, browserOf, visitor } from '#tests/client.ts'
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

const here = await testDatabase()
const { owner } = here
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

const change = (to: { id: string }, by = person, app = here.app) =>
  as(by, app).post(api(paths.switchOrganization), { organization: to.id })
const place = (token: string, process: Process = here) => placeOf({ ...person, token }, process)

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
          ip: null,
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
