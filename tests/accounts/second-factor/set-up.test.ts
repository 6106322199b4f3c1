import { describe, expect, test } from 'vitest'
import { Cookies } from '#src/http/cookies.ts'
import { paths } from '#src/paths.ts'
import { recorded, state, trail } from '#tests/access/trail.ts'
import { codeOf, secretOf, withFactor } from '#tests/accounts/factors.ts'
import { mailsTo, securityEvents } from '#tests/accounts/links.ts'
import { anonymous, as, browserOf, Program } from '#tests/client.ts'
import { makeOrganization, makeUser, openSession, roleOf } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, config, app } = await testDatabase()
const org = await makeOrganization()
const cookies = new Cookies(config)
const somebody = () => makeUser(org, { roles: [roleOf(org, 'user')] })

const api = { factor: `/api${paths.auth.secondFactor}`, verify: `/api${paths.auth.verifySecondFactor}` }
const codesPath = `/api${paths.auth.recoveryCodes}`

type Begun = { secret: string; uri: string; setup: string }
const begun = async (person: Person) => (await as(person).post(api.factor)).json<Begun>()

const codeFor = (shown: Pick<Begun, 'uri'>) => codeOf({ secret: secretOf(shown) })
const factorOf = ({ accountId }: Person) =>
  owner.selectFrom('totp_credentials').where('account_id', '=', accountId).selectAll().executeTakeFirst()
const signIn = async ({ username }: Person, code?: string) =>
  (await anonymous().post('/api/auth/login', { username, password: PASSWORD, ...(code ? { code } : {}) }))
    .status

describe('turning it on', () => {
  test('as a program: shown, proved by a code, then asked for at each sign-in', async () => {
    const person = await somebody()
    const other = await openSession(person, 'token')
    const shown = await begun(person)
    expect(await factorOf(person)).toBeUndefined()
    const code = await codeFor(shown)
    const answer = await as(person).post(api.verify, { setup: shown.setup, code })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const { recovery_codes } = answer.json<{ recovery_codes: string[] }>()
    expect(recovery_codes).toHaveLength(10)
    // the code that proved it is used
    expect(await signIn(person)).toBe(401)
    expect(await signIn(person, code)).toBe(401)
    expect(await signIn(person, recovery_codes[0])).toBe(200)
    // this session goes on and has passed, every other one ended
    expect((await as(person).get('/api/auth/me')).status).toBe(200)
    await expect.poll(async () => (await new Program(other, app).get('/api/auth/me')).status).toBe(401)
    expect((await browserOf(person).get('/me')).headers.get('location')).toMatch(/^\/login/)
    const lines = (await recorded(person, answer, 'api')).map(({ action }) => action)
    expect(lines.sort()).toEqual([
      'auth:turn_on_second_factor',
      'session:update',
      'session:update',
      'session:update',
    ])
    expect(await securityEvents(person)).toContain('auth:turn_on_second_factor')
    expect((await mailTo(person.email))[0]?.subject).toContain('now asks for a code when you sign in')
    expect((await as(person).get(api.factor)).json()).toEqual({
      since: expect.any(String),
      recovery_codes_left: 9,
    })
    const kept = JSON.stringify([await trail(org), await factorOf(person)])
    expect(kept).not.toContain(shown.secret.replaceAll(' ', ''))
  })

  test('as a page: a QR code and its key, then the recovery codes this once, and another cookie', async () => {
    const person = await somebody()
    const browser = browserOf(person)
    expect((await browser.get(paths.security)).text).toContain(`href="${paths.secondFactor}"`)
    const page = await browser.get(paths.secondFactor)
    expect(page.text).toContain('<svg class="qr"')
    const [, setup = ''] = /name="setup" value="([^"]+)"/.exec(page.text) ?? []
    const [, key = ''] = /<code>([A-Z2-7 ]+)<\/code>/.exec(page.text) ?? []
    const uri = `otpauth://totp/x?secret=${key.replaceAll(' ', '')}`
    const wrong = await browser.post(paths.secondFactor, { setup, code: '000000' })
    expect([wrong.status, wrong.text]).toEqual([422, expect.stringContaining('id="code-error"')])
    // the same key comes again
    expect(wrong.text).toContain(key)
    const done = await browser.post(paths.secondFactor, { setup, code: await codeFor({ uri }) })
    expect(done.status, done.text).toBe(200)
    const codes = [...done.text.matchAll(/<code>([a-z0-9-]{19})<\/code>/g)].map(([, code]) => code)
    expect(codes).toHaveLength(10)
    expect(browser.cookies.get(cookies.session)).not.toBe(person.cookie)
    expect((await browserOf(person).get('/me')).headers.get('location')).toMatch(/^\/login/)
    const security = await browser.get(paths.security)
    expect(security.text).toContain('10 recovery codes are')
    expect(security.text).not.toContain(codes[0])
    // and not another one beside
    expect((await browser.get(paths.secondFactor)).headers.get('location')).toBe(paths.security)
  })

  test.each([
    ['a wrong code', async (shown: Begun) => ({ setup: shown.setup, code: '000000' }), 422],
    ['no code', async (shown: Begun) => ({ setup: shown.setup, code: '' }), 422],
    ['what was made up', async (shown: Begun) => ({ setup: 'AAAA', code: await codeFor(shown) }), 409],
    [
      'what somebody else was shown',
      async () => {
        const shown = await begun(await somebody())
        return { setup: shown.setup, code: await codeFor(shown) }
      },
      409,
    ],
  ])('refuses %s, and changes nothing', async (_, sent, status) => {
    const person = await somebody()
    const body = await sent(await begun(person))
    const before = await state(org)
    expect((await as(person).post(api.verify, body)).status).toBe(status)
    expect(await factorOf(person)).toBeUndefined()
    expect(await state(org)).toEqual(before)
    expect(await mailsTo(person.email)).toEqual([])
  })

  test('is done once, however many try at once', async () => {
    const person = await somebody()
    const shown = await begun(person)
    const code = await codeFor(shown)
    const tries = Array.from({ length: 50 }, () => as(person).post(api.verify, { setup: shown.setup, code }))
    const statuses = (await Promise.all(tries)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(new Set(statuses)).toEqual(new Set([200, 409]))
    expect(await mailsTo(person.email)).toHaveLength(1)
  })

  test('writes nothing by looking', async () => {
    const person = await somebody()
    const before = await state(org)
    const [one, other] = [
      await browserOf(person).get(paths.secondFactor),
      await browserOf(person).get(paths.secondFactor),
    ]
    expect(one.text).not.toBe(other.text)
    expect(await state(org)).toEqual(before)
    expect(await factorOf(person)).toBeUndefined()
  })
})

describe('recovery codes', () => {
  const made = async (person: Person) =>
    (await as(person).post(codesPath)).json<{ recovery_codes: string[] }>()

  test('are made anew, and those from before no longer work', async () => {
    const person = await somebody()
    const { recovery } = await withFactor(person)
    const answer = await as(person).post(codesPath)
    expect(answer.status, answer.text).toBe(200)
    const { recovery_codes } = answer.json<{ recovery_codes: string[] }>()
    expect(await signIn(person, recovery[0])).toBe(401)
    expect(await signIn(person, recovery_codes[0])).toBe(200)
    expect((await recorded(person, answer, 'api')).map(({ action }) => action)).toEqual([
      'auth:renew_recovery_codes',
    ])
    expect((await mailTo(person.email))[0]?.subject).toContain('new recovery codes')
  })

  test('come as a page that shows them once', async () => {
    const person = await somebody()
    await withFactor(person)
    const answer = await browserOf(person).post(paths.myRecoveryCodes)
    expect([...answer.text.matchAll(/<code>[a-z0-9-]{19}<\/code>/g)]).toHaveLength(10)
    expect(answer.headers.get('cache-control')).toContain('no-store')
  })

  test('of fifty that are made at once, ten work', async () => {
    const person = await somebody()
    await withFactor(person)
    const all = await Promise.all(Array.from({ length: 50 }, () => made(person)))
    expect((await as(person).get(api.factor)).json()).toMatchObject({ recovery_codes_left: 10 })
    expect(new Set(all.flatMap(({ recovery_codes }) => recovery_codes)).size).toBe(500)
  })

  test('are for who has a second factor', async () => {
    const person = await somebody()
    expect((await as(person).post(codesPath)).status).toBe(404)
    expect((await as(person).delete(api.factor)).status).toBe(404)
  })
})

describe('turning it off', () => {
  test('as a program ends other sessions, and is told and recorded', async () => {
    const person = await somebody()
    await withFactor(person)
    const other = await openSession(person, 'token')
    const answer = await as(person).delete(api.factor)
    expect(answer.status, answer.text).toBe(204)
    expect(await factorOf(person)).toBeUndefined()
    expect(await signIn(person)).toBe(200)
    expect((await as(person).get(api.factor)).json()).toEqual({ since: null, recovery_codes_left: 0 })
    await expect.poll(async () => (await new Program(other, app).get('/api/auth/me')).status).toBe(401)
    const lines = (await recorded(person, answer, 'api')).map(({ action }) => action)
    expect(lines).toContain('auth:turn_off_second_factor')
    expect((await mailTo(person.email))[0]?.subject).toContain('no longer asks')
  })

  test('as a page goes on under another cookie', async () => {
    const person = await somebody()
    await withFactor(person)
    const browser = browserOf(person)
    const answer = await browser.delete(paths.secondFactor)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, paths.security])
    expect(browser.cookies.get(cookies.session)).not.toBe(person.cookie)
    expect((await browser.get(paths.security)).text).toContain('Two-step verification is off')
  })
})

describe('nobody else', () => {
  const attempts: [string, (who: Program) => ReturnType<Program['get']>][] = [
    ['begins', (who) => who.post(api.factor)],
    ['turns it on', (who) => who.post(api.verify, { setup: 'x', code: '123456' })],
    ['turns it off', (who) => who.delete(api.factor)],
    ['makes codes', (who) => who.post(codesPath)],
    [
      'proves to be the person',
      (who) => who.post(`/api${paths.auth.reauthenticate}`, { password: PASSWORD }),
    ],
  ]

  test.each(attempts)('%s: who isn’t signed in', async (_, attempt) => {
    expect((await attempt(anonymous())).status).toBe(401)
  })

  test.each(attempts)('%s: who acts as somebody else', async (_, attempt) => {
    const [person, other] = [await somebody(), await somebody()]
    await withFactor(person)
    const session = owner.updateTable('sessions').set({ kind: 'impersonation', impersonator_id: other.id })
    await session.where('account_id', '=', person.accountId).execute()
    const headers = { Cookie: `${cookies.session}=${person.cookie}`, 'Sec-Fetch-Site': 'same-origin' }
    const program = new Program(null, app)
    const within = {
      post: (path: string, body?: object) => program.post(path, body, headers),
      delete: (path: string) => program.delete(path, undefined, headers),
    } as Program
    expect((await attempt(within)).status).toBe(403)
    expect(await factorOf(person)).toBeDefined()
  })
})

test('a code of an app is that of the secret it was shown', async () => {
  const shown = await begun(await somebody())
  expect(await codeFor(shown)).toBe(await codeOf({ secret: secretOf(shown) }))
})
