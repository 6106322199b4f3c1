import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { hidden, recorded, state, trail } from '#tests/access/trail.ts'
import { type Answer, anonymous, as, type Browser, browserOf } from '#tests/client.ts'
import {
  joinOrganization,
  makeOrganization,
  makeUser,
  type Organization,
  openSession,
  roleOf,
  sessionOf,
  unique,
} from '#tests/factories.ts'
import { makePeople, type People, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner: past, db } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
let people: People
let other: Organization
/** Owns the other organization. */
let rival: Person
/** Whose account the organization made. */
let person: Person

beforeAll(async () => {
  people = await makePeople()
  other = await makeOrganization()
  rival = await makeUser(other, { roles: [roleOf(other, 'owner')] })
})
beforeEach(async () => {
  person = await makeUser(people.org)
})

const account = (of: Person) =>
  past
    .selectFrom('accounts')
    .leftJoin('totp_credentials', 'account_id', 'id')
    .where('id', '=', of.accountId)
    .select(['username', 'email', 'managed_by_org_id', 'password_hash', 'locked_until', 'version', 'secret'])
    .executeTakeFirstOrThrow()
const lock = (of: Person) =>
  past
    .updateTable('accounts')
    .set({ locked_until: sql<string>`now() + interval '10 minutes'`, failed_logins: 3 })
    .where('id', '=', of.accountId)
    .execute()
const signIn = async (username: string, password = PASSWORD) =>
  (await anonymous().post(api(paths.auth.login), { username, password })).status

describe('an administrator of one organization', () => {
  test('disables and deletes somebody there, which leaves their other organizations as they are', async () => {
    const there = await joinOrganization(person, other)
    const before = [await account(person), await state(other)]
    const answer = await as(people.admin).patch(api(paths.user(person.id)), { status: 'disabled' })
    expect(answer.status, answer.text).toBe(200)
    expect((await as(people.admin).delete(api(paths.user(person.id)))).status).toBe(204)
    expect([await account(person), await state(other)]).toEqual(before)
    expect((await as(there).get(api(paths.auth.me))).status).toBe(200)
    expect(await signIn(person.username)).toBe(200)
  })

  test('sees and ends no sessions of the others', async () => {
    const there = await joinOrganization(person, other)
    const id = await sessionOf(there.token)
    const sessions = await as(people.owner).get(`${api(paths.sessions)}?limit=200`)
    expect(sessions.text).toContain(await sessionOf(person.token))
    expect(sessions.text).not.toContain(id)
    await hidden(people.owner, () => as(people.owner).delete(api(paths.session(id))), other)
    await as(people.owner).delete(api(paths.sessions), { user_id: person.id })
    expect((await as(there).get(api(paths.auth.me))).status).toBe(200)
    await expect
      .poll(async () => (await as(person).get(api(paths.auth.me))).status, { timeout: 1000, interval: 5 })
      .toBe(401)
  })

  test('is not told that somebody is locked out elsewhere, too', async () => {
    await lock(person)
    expect((await browserOf(people.owner).get(paths.user(person.id))).text).toContain(
      paths.unlockUser(person.id),
    )
    await joinOrganization(person, other)
    const { text } = await browserOf(people.owner).get(paths.user(person.id))
    expect(text).toContain(person.username)
    expect(text).not.toContain(paths.unlockUser(person.id))
  })

  test('finds the account gone who joins another organization in that very moment', async () => {
    const before = await account(person)
    let renamed: Promise<Answer> | undefined
    await past.transaction().execute(async (tx) => {
      const twin = {
        org_id: other.id,
        account_id: person.accountId,
        username: person.username,
        email: person.email,
      }
      await tx.insertInto('users').values(twin).execute()
      renamed = as(people.admin).patch(api(paths.user(person.id)), { username: unique('taken-over') })
      // until it waits for the account that is locked by now
      const waits = sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%rename_account%'`
      while (!(await waits.execute(past)).rows[0]?.n) await sleep(10)
    })
    expect((await renamed)?.status).toBe(403)
    expect((await account(person)).username).toBe(before.username)
  })
})

describe('joining a second organization', () => {
  test('is in the trail of the one that let go, which is not told where', async () => {
    await joinOrganization(person, other)
    const lines = (await trail(people.org)).filter(
      ({ action, target_id }) => action === 'account:detach' && target_id === person.id,
    )
    expect(lines).toMatchObject([{ actor_org_id: people.org.id, actor_user_id: person.id }])
    expect(JSON.stringify(lines)).not.toContain(other.id)
    expect((await trail(other)).filter(({ action }) => action === 'account:detach')).toEqual([])
    const told = past
      .selectFrom('security_events')
      .where('account_id', '=', person.accountId)
      .select('action')
    expect(await told.execute()).toEqual([{ action: 'account:detach' }])
  })

  test('changes nothing for an account that is its person’s already', async () => {
    const own = await makeUser(people.org, { managed: false })
    const before = await account(own)
    await joinOrganization(own, other)
    expect(await account(own)).toEqual(before)
  })
})

describe('detaching one’s account', () => {
  const ways: [string, 'api' | 'web', (by: Person, browser: Browser) => Promise<Answer>][] = [
    ['JSON', 'api', (by) => as(by).post(api(paths.detachAccount))],
    ['a form', 'web', (_, browser) => browser.post(paths.detachAccount)],
  ]
  test.each(ways)('by %s makes it one’s own, in the trail, and works once', async (_, via, detach) => {
    expect((await account(person)).managed_by_org_id).toBe(people.org.id)
    expect(
      (await as(person).get(api(paths.switchOrganization))).json<{ managed_by: string }>().managed_by,
    ).not.toBeNull()
    const browser = browserOf(person)
    const answer = await detach(person, browser)
    expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 200)
    expect((await account(person)).managed_by_org_id).toBeNull()
    const [line] = (await recorded(person, answer, via)).filter(({ target_type }) => target_type === 'user')
    expect(line).toMatchObject({ action: 'account:detach', target_id: person.id })
    // under another token, and signed out everywhere else
    await expect.poll(async () => (await as(person).get(api(paths.auth.me))).status).toBe(401)
    await expect.poll(async () => (await browserOf(person).get(paths.me)).status).toBe(303)
    const token =
      via === 'web'
        ? await openSession(person, 'token')
        : answer.json<{ access_token: string }>().access_token
    const renewed = { ...person, token }
    expect(
      (await as(renewed).get(api(paths.switchOrganization))).json<{ managed_by: string }>().managed_by,
    ).toBeNull()
    if (via === 'web')
      expect((await browser.get(paths.switchOrganization)).text).not.toContain(paths.detachAccount)
    expect((await detach(renewed, browser)).status).toBe(409)
  })

  test('takes somebody who has just proved who they are', async () => {
    const stale = { ...person, token: await openSession(person, 'token', { proved: '11 minutes' }) }
    const answer = await as(stale).post(api(paths.detachAccount))
    expect([answer.status, answer.json().type]).toEqual([403, 'reauthentication-required'])
    expect((await account(person)).managed_by_org_id).toBe(people.org.id)
  })

  test('is nobody else’s to do', async () => {
    for (const by of [await makeUser(people.org), await makeUser(other)]) {
      const body = { user_id: person.id, account: person.accountId }
      await as(by).post(api(paths.detachAccount), body)
    }
    expect((await anonymous().post(api(paths.detachAccount))).status).toBe(401)
    expect((await account(person)).managed_by_org_id).toBe(people.org.id)
  })
})

test('the functions guard themselves against a statement that somebody slipped in', async () => {
  const there = await joinOrganization(person, other)
  const inside = async (by: Person, call: string) => {
    const context = JSON.stringify({ org: by.org.id, user: by.id })
    return db.withActor({ orgId: by.org.id, context }, (tx) =>
      sql<{ v: unknown }>`select ${sql.raw(call)} as v`.execute(tx),
    )
  }
  for (const [by, id] of [
    [people.owner, person.id],
    [rival, there.id],
  ] as const) {
    for (const [call, v] of [
      [`app.rename_account('${id}', 'x', 'x@example.com')`, false],
      [`app.set_first_password('${id}', 'x')`, false],
      [`app.unlock_account('${id}')`, null],
    ] as const)
      expect((await inside(by, call)).rows, call).toEqual([{ v }])
    for (const call of [
      `app.detach_account('${person.accountId}', null, null, null, '{}')`,
      `app.account_places('${person.accountId}')`,
      `app.switch_organization('${person.id}', '${person.accountId}', '${other.id}', '', null, '', '{}')`,
      `app.let_go('${person.accountId}', '{}')`,
      `app.note_administration('${id}', '${person.accountId}', 'x')`,
    ])
      await expect(inside(by, call), call).rejects.toMatchObject({ code: '42501' })
  }
})
