import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { fn } from '#src/db/functions.ts'
import { Cookies } from '#src/http/cookies.ts'
import { paths } from '#src/paths.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'
import { codeOf, type Factor, withFactor, wrongCode } from '#tests/accounts/factors.ts'
import { securityEvents } from '#tests/accounts/links.ts'
import { Program, visitor } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, config, app, db } = await testDatabase()
const org = await makeOrganization()
const cookies = new Cookies(config)

async function somebody(): Promise<Person & { factor: Factor }> {
  const person = await makeUser(org, { roles: [roleOf(org, 'user')] })
  return { ...person, factor: await withFactor(person) }
}
const unlock = ({ accountId }: Person) =>
  owner
    .updateTable('accounts')
    .set({ failed_logins: 0, locked_until: null })
    .where('id', '=', accountId)
    .execute()
const sessionsOf = ({ accountId }: Person) =>
  owner.selectFrom('sessions').where('account_id', '=', accountId).selectAll().orderBy('created_at').execute()

/** A browser in which the password was right. */
async function halfway({ username }: Person, next?: string) {
  const browser = visitor()
  const answer = await browser.post(paths.login, { username, password: PASSWORD, ...(next ? { next } : {}) })
  expect(answer.status, answer.text).toBe(303)
  return { browser, answer }
}

describe('signing in with a second factor, in a browser', () => {
  test('asks for the code in a second step, and then goes on to where it was', async () => {
    const person = await somebody()
    const { browser, answer } = await halfway(person, '/me')
    expect(answer.headers.get('location')).toBe('/login/code?next=%2Fme')
    const page = await browser.get('/login/code?next=%2Fme')
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('one-time-code')])
    const done = await browser.post('/login/code', { code: await codeOf(person.factor), next: '/me' })
    expect([done.status, done.headers.get('location')]).toEqual([303, '/me'])
    expect(browser.cookies.has(cookies.pendingSignIn)).toBe(false)
    expect((await browser.get('/me')).text).toContain(person.username)
    expect(
      (await owner.selectFrom('pending_sign_ins').where('account_id', '=', person.accountId).execute())
        .length,
    ).toBe(0)
  })

  test('a right password alone opens nothing', async () => {
    const person = await somebody()
    const before = (await sessionsOf(person)).length
    const { browser } = await halfway(person)
    const pending = browser.cookies.get(cookies.pendingSignIn) as string
    expect(browser.cookies.has(cookies.session)).toBe(false)
    for (const path of ['/', '/me', '/me/security', '/users', paths.reauthenticate, paths.secondFactor])
      expect((await browser.get(path)).headers.get('location')).toMatch(/^\/login/)
    // neither as a cookie of a session, nor as a bearer
    const forged = visitor()
    forged.cookies.set(cookies.session, pending)
    expect((await forged.get('/me')).headers.get('location')).toMatch(/^\/login/)
    expect((await new Program(pending, app).get('/api/auth/me')).status).toBe(401)
    expect((await sessionsOf(person)).length).toBe(before)
    expect(await securityEvents(person)).toEqual(['sign_in:asks_second_factor'])
  })

  test('allows five codes, and counts them', async () => {
    const person = await somebody()
    const { browser } = await halfway(person)
    const wrong = await wrongCode(person.factor)
    const statuses: number[] = []
    for (let tries = 0; tries < 5; tries++) {
      const answer = await browser.post('/login/code', { code: wrong })
      expect(answer.text).not.toContain(`value="${wrong}"`)
      statuses.push(answer.status)
    }
    expect(statuses).toEqual([422, 422, 422, 422, 429])
    await unlock(person)
    const late = await browser.post('/login/code', { code: await codeOf(person.factor) })
    expect([late.status, late.text]).toEqual([401, expect.stringContaining('Enter your password again')])
  })

  test('allows five codes at once, whatever comes of them', async () => {
    const person = await somebody()
    const { browser } = await halfway(person)
    const pending = tokenHash(browser.cookies.get(cookies.pendingSignIn) as string)
    const tried = await Promise.all(
      Array.from({ length: 50 }, () => db.lookup(fn.try_pending_sign_in<object | null>({ pending }))),
    )
    expect(tried.filter((one) => one !== null)).toHaveLength(5)
  })

  test('lets one of fifty in who send the same pending sign-in and code', async () => {
    const person = await somebody()
    const { browser } = await halfway(person)
    const code = await codeOf(person.factor)
    const answers = await Promise.all(Array.from({ length: 50 }, () => browser.post('/login/code', { code })))
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
  })

  test.each([
    [
      'ten minutes later',
      401,
      (account: string) => sql`update pending_sign_ins set expires_at = now() where account_id = ${account}`,
    ],
    [
      'after another password',
      401,
      (account: string) =>
        sql`update accounts set password_changed_at = clock_timestamp() where id = ${account}`,
    ],
    [
      'of a disabled account',
      401,
      (account: string) => sql`update accounts set status = 'disabled' where id = ${account}`,
    ],
    [
      'of a disabled person',
      422,
      (account: string) => sql`update users set status = 'disabled' where account_id = ${account}`,
    ],
    [
      'without a second factor any more',
      401,
      (account: string) => sql`delete from totp_credentials where account_id = ${account}`,
    ],
  ])('begins again %s: %i', async (_, status, happens) => {
    const person = await somebody()
    const { browser } = await halfway(person)
    const code = await codeOf(person.factor)
    await happens(person.accountId).execute(owner)
    const answer = await browser.post('/login/code', { code })
    expect(answer.status).toBe(status)
    expect(browser.cookies.has(cookies.session)).toBe(false)
  })

  test('is not for who comes without a pending sign-in, or with a made-up one', async () => {
    expect((await visitor().get('/login/code')).headers.get('location')).toBe('/login')
    expect((await visitor().post('/login/code', { code: '123456' })).status).toBe(401)
    const browser = visitor()
    browser.cookies.set(cookies.pendingSignIn, newToken())
    expect((await browser.post('/login/code', { code: '123456' })).status).toBe(401)
  })
})
