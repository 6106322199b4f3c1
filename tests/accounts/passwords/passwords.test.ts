import { describe, expect, test } from 'vitest'
import { Cookies } from '#src/http/cookies.ts'
import { paths } from '#src/paths.ts'
import { entered, makeSuperadmin, placeOf } from '#tests/access/entering.ts'
import { recorded, state } from '#tests/access/trail.ts'
import { accountOf, linkFor, mailsTo, securityEvents } from '#tests/accounts/links.ts'
import { anonymous, as, Browser, browserOf, Program, visitor } from '#tests/client.ts'
import { makeOrganization, makeUser, openSession, roleOf } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, config, app } = await testDatabase()
const org = await makeOrganization()
const somebody = () => makeUser(org, { roles: [roleOf(org, 'user')], first_name: 'Wilhelmina' })
const cookies = new Cookies(config)

const NEXT = 'Battery-Staple-8'
const change = { old_password: PASSWORD, new_password: NEXT }
const path = `/api/v1${paths.auth.changePassword}`
const signsIn = async ({ username }: Person, password: string) =>
  (await anonymous().post('/api/auth/login', { username, password })).status
const me = (token: string) => new Program(token, app).get('/api/auth/me')

describe('changing a password', () => {
  test('as a program ends every other session, renews the token, tells the person, and is in the trail', async () => {
    const person = await somebody()
    const other = await openSession(person, 'token')
    const answer = await as(person).post(path, change)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const { access_token } = answer.json<{ access_token: string }>()
    expect((await me(access_token)).json<{ id: string }>().id).toBe(person.id)
    // at once on this process, for the own token
    expect((await me(person.token)).status).toBe(401)
    await expect.poll(async () => (await me(other)).status).toBe(401)
    expect((await browserOf(person).get('/me')).status).toBe(303)
    expect([await signsIn(person, PASSWORD), await signsIn(person, NEXT)]).toEqual([401, 200])
    const lines = (await recorded(person, answer, 'api')).map(({ action }) => action)
    expect(lines.sort()).toEqual(['auth:change_password', 'session:update', 'session:update'])
    expect(await securityEvents(person)).toContain('auth:change_password')
    const [mail, ...more] = await mailTo(person.email)
    expect([mail?.subject, more]).toEqual([expect.stringMatching(/password was changed/), []])
    expect(mail?.text).not.toContain(NEXT)
    expect((await accountOf(person)).password_changed_at).not.toBeNull()
  })

  test('as a form does the same, with a new cookie', async () => {
    const person = await somebody()
    const browser = browserOf(person)
    const page = await browser.get(paths.security)
    expect(page.text).toContain('At least 8 characters')
    expect(page.text).toContain(person.email)
    const answer = await browser.post(paths.myPassword, change)
    expect([answer.status, answer.headers.get('location')], answer.text).toEqual([303, paths.security])
    expect(browser.cookies.get(cookies.session)).not.toBe(person.cookie)
    expect((await browser.get(paths.security)).text).toContain('All other sessions were signed out')
    expect((await browserOf(person).get('/me')).status).toBe(303)
    await expect.poll(async () => (await as(person).get('/api/auth/me')).status).toBe(401)
  })

  test('as JSON of a browser gives it a new cookie, and no token to keep', async () => {
    const person = await somebody()
    const headers = { Cookie: `${cookies.session}=${person.cookie}`, 'Sec-Fetch-Site': 'same-origin' }
    const answer = await new Program(null, app).post(path, change, headers)
    expect([answer.status, answer.text]).toEqual([204, ''])
    const [cookie] = answer.headers.getSetCookie()
    expect(cookie).toMatch(new RegExp(`^${cookies.session}=(?!${person.cookie})[\\w-]{43};`))
  })

  test('ends the links that were sent, the one that takes an address back among them', async () => {
    const person = await somebody()
    const ended = ['reset_password', 'unlock', 'change_email', 'verify_email', 'undo_email'] as const
    for (const purpose of ended) await linkFor(person, purpose)
    expect((await as(person).post(path, change)).status).toBe(200)
    const left = owner.selectFrom('account_tokens').where('account_id', '=', person.accountId)
    expect(await left.select('purpose').execute()).toEqual([])
  })

  test.each([
    ['a wrong old one', { old_password: 'Wrong-Horse-7' }, 'old_password', /That password isn’t right/],
    ['a weak new one', { new_password: 'weak' }, 'new_password', /needs 8 characters/],
    ['a common new one', { new_password: 'Password1!' }, 'new_password', /too common/],
    ['one made of the own name', { new_password: 'Wilhelmina-1' }, 'new_password', /too close to a name/],
    ['the same again', { new_password: PASSWORD }, 'new_password', /differs from your current one/],
    ['none', { new_password: '' }, 'new_password', /needs/],
    ['too long a one', { new_password: `Aa-1${'x'.repeat(1000)}` }, 'new_password', /at most 1000/],
  ])('refuses %s, at its field', async (_, some, field, message) => {
    const person = await somebody()
    const before = await state(org)
    const answer = await as(person).post(path, { ...change, ...some })
    expect(answer.status).toBe(422)
    expect(answer.json().errors).toEqual([{ path: field, message: expect.stringMatching(message) }])
    const page = await browserOf(person).post(paths.myPassword, { ...change, ...some })
    expect([page.status, page.text]).toEqual([422, expect.stringMatching(`id="${field}-error"`)])
    expect(page.text).not.toContain(PASSWORD)
    expect({ ...(await state(org)), accounts: '' }).toEqual({ ...before, accounts: '' })
    expect(await signsIn(person, PASSWORD)).toBe(200)
    expect(await mailsTo(person.email)).toEqual([])
  })

  test('counts wrong old ones as sign-ins that failed', async () => {
    const person = await somebody()
    const wrong = () => as(person).post(path, { ...change, old_password: 'Wrong-Horse-7' })
    for (let tries = 1; tries < config.LOCKOUT_ATTEMPTS; tries++) expect((await wrong()).status).toBe(422)
    const locked = await wrong()
    expect([locked.status, Number(locked.headers.get('retry-after'))]).toEqual([429, 900])
    expect((await as(person).post(path, change)).status).toBe(429)
    expect(await signsIn(person, PASSWORD)).toBe(429)
    expect((await as(person).get('/api/auth/me')).status).toBe(200)
  })

  test('is for whoever is signed in', async () => {
    expect((await anonymous().post(path, change)).status).toBe(401)
    expect((await visitor().post(paths.myPassword, change)).status).toBe(401)
    // a form of another page
    const person = await somebody()
    const forged = new Browser(person.cookie, app)
    expect((await forged.post(paths.myPassword, { ...change, csrf_token: 'x' })).status).toBe(403)
    expect(await signsIn(person, PASSWORD)).toBe(200)
  })

  test('is not for whoever acts as somebody else', async () => {
    const person = await somebody()
    const other = await somebody()
    const session = owner.updateTable('sessions').set({ kind: 'impersonation', impersonator_id: other.id })
    await session.where('user_id', '=', person.id).execute()
    const browser = browserOf(person)
    expect((await browser.post(paths.myPassword, change)).status).toBe(403)
    expect((await browser.post(paths.myVerification)).status).toBe(403)
    expect(await signsIn(person, PASSWORD)).toBe(200)
  })

  test('works from within an organization that was entered, and stays there', async () => {
    const superadmin = await makeSuperadmin()
    await entered(superadmin, org)
    const ends = async () => {
      const found = owner.selectFrom('sessions').where('account_id', '=', superadmin.accountId)
      const open = found.where('revoked_at', 'is', null).where('home_org_id', 'is not', null)
      return (await open.select('expires_at').executeTakeFirstOrThrow()).expires_at
    }
    const before = await ends()
    const answer = await as(superadmin).post(path, change)
    expect(answer.status, answer.text).toBe(200)
    const { access_token } = answer.json<{ access_token: string }>()
    expect(await placeOf({ ...superadmin, token: access_token })).toBe(org.id)
    expect(await ends()).toEqual(before)
    expect(await signsIn(superadmin, NEXT)).toBe(200)
  })

  test('is done once, however many try at once', async () => {
    const person = await somebody()
    const sessions = await Promise.all(Array.from({ length: 20 }, () => openSession(person, 'token')))
    const answers = await Promise.all(
      sessions.map((token, index) =>
        new Program(token, app).post(path, { ...change, new_password: `Battery-Staple-${index}` }),
      ),
    )
    const done = answers.filter(({ status }) => status === 200)
    expect(done).toHaveLength(1)
    for (const { status } of answers) expect([200, 401, 409, 422, 429]).toContain(status)
    const { access_token } = done[0]?.json<{ access_token: string }>() ?? {}
    expect((await me(access_token as string)).status).toBe(200)
    const told = (await mailTo(person.email)).filter(({ subject }) => subject.includes('was changed'))
    expect(told).toHaveLength(1)
  })
})
