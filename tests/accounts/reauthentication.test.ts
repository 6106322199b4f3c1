import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { recorded } from '#tests/access/trail.ts'
import { anew, codeOf, withFactor, wrongCode } from '#tests/accounts/factors.ts'
import { securityEvents } from '#tests/accounts/links.ts'
import { anonymous, as, Browser, Program } from '#tests/client.ts'
import { makeOrganization, makeUser, openSession, roleOf } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, config, app } = await testDatabase()
const org = await makeOrganization()
const somebody = () => makeUser(org, { roles: [roleOf(org, 'user')] })
const confirm = `/api${paths.auth.reauthenticate}`
// something that asks for it
const dangerous = `/api${paths.auth.secondFactor}`

const stale = async (person: Person) =>
  new Program(await openSession(person, 'token', { proved: '10 minutes' }), app)
const staleBrowser = async (person: Person) =>
  new Browser(await openSession(person, 'browser', { proved: '10 minutes' }), app)

describe('what is dangerous', () => {
  test('asks a program to prove again who it is, and then does not for ten minutes', async () => {
    const person = await somebody()
    const program = await stale(person)
    const refused = await program.post(dangerous)
    expect([refused.status, refused.json().type]).toEqual([403, 'reauthentication-required'])
    // in the trail like every refusal
    expect((await recorded(person, refused, 'api')).map(({ action }) => action)).toEqual(['access:denied'])
    const proved = await program.post(confirm, { password: PASSWORD })
    expect(proved.status, proved.text).toBe(204)
    expect((await recorded(person, proved, 'api')).map(({ action }) => action)).toEqual(['auth:confirm'])
    expect((await program.post(dangerous)).status).toBe(200)
    await owner
      .updateTable('sessions')
      .set({ proved_at: sql<string>`now() - interval '599 seconds'` })
      .where('account_id', '=', person.accountId)
      .execute()
    expect((await program.post(dangerous)).status).toBe(200)
    await owner
      .updateTable('sessions')
      .set({ proved_at: sql<string>`now() - interval '601 seconds'` })
      .where('account_id', '=', person.accountId)
      .execute()
    expect((await program.post(dangerous)).status).toBe(403)
  })

  test('asks nobody who has just signed in', async () => {
    const { username } = await somebody()
    const answer = await anonymous().post('/api/auth/login', { username, password: PASSWORD })
    const { access_token } = answer.json<{ access_token: string }>()
    expect((await new Program(access_token, app).post(dangerous)).status).toBe(200)
  })

  test('leads a page to the proof, and back to the same address', async () => {
    const person = await somebody()
    const browser = await staleBrowser(person)
    const led = await browser.get(`${paths.secondFactor}?next=%2Fme`)
    const to = `${paths.reauthenticate}?next=${encodeURIComponent(`${paths.secondFactor}?next=%2Fme`)}`
    expect([led.status, led.headers.get('location')]).toEqual([303, to])
    const page = await browser.get(to)
    expect(page.text).toContain(`name="next" value="${paths.secondFactor}?next=%2Fme"`)
    const next = `${paths.secondFactor}?next=%2Fme`
    const wrong = await browser.post(paths.reauthenticate, { password: 'Wrong-Horse-7', next })
    expect([wrong.status, wrong.text]).toEqual([422, expect.stringContaining(`value="${next}"`)])
    expect(wrong.text).toContain('id="password-error"')
    const done = await browser.post(paths.reauthenticate, { password: PASSWORD, code: '', next })
    expect([done.status, done.headers.get('location')]).toEqual([303, next])
    expect((await browser.get(next)).status).toBe(200)
  })

  test('leads a form to the proof, and back to the page that it stood on', async () => {
    const person = await somebody()
    await withFactor(person)
    const browser = await staleBrowser(person)
    await owner
      .updateTable('sessions')
      .set({ second_factor_at: sql<string>`now()` })
      .where('account_id', '=', person.accountId)
      .execute()
    const nextOf = ({ status, text }: { status: number; text: string }) => {
      expect([status, text.includes(`action="${paths.reauthenticate}"`)]).toEqual([403, true])
      return /name="next" value="([^"]*)"/.exec(text)?.[1]
    }
    expect(nextOf(await browser.delete(paths.secondFactor))).toBe('/')
    const from = (referer: string) => browser.post(paths.myRecoveryCodes, {}, { Referer: referer })
    expect(nextOf(await from(`http://localhost${paths.security}?a=b`))).toBe(`${paths.security}?a=b`)
    for (const elsewhere of [
      'https://evil.example/me',
      'http://localhost.evil.example/me',
      'http://localhost:81/me',
      'x',
    ])
      expect(nextOf(await from(elsewhere))).toBe('/')
  })

  test('never leads to somebody else’s pages', async () => {
    const browser = await staleBrowser(await somebody())
    for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
      const done = await browser.post(paths.reauthenticate, { password: PASSWORD, next })
      expect(done.headers.get('location')).toBe('/')
    }
  })
})

describe('proving again who one is', () => {
  test('takes a code of the second factor as well, once', async () => {
    const person = await somebody()
    const factor = await withFactor(person)
    const program = await stale(person)
    const code = await codeOf(factor)
    expect((await program.post(confirm, { code })).status).toBe(204)
    expect((await program.post(dangerous)).status).toBe(200)
    const again = await program.post(confirm, { code })
    expect([again.status, again.json().errors]).toEqual([
      422,
      [{ path: 'code', message: expect.stringContaining('That code isn’t right') }],
    ])
    // what was used here is used for signing in, too
    const { username } = person
    expect((await anonymous().post('/api/auth/login', { username, password: PASSWORD, code })).status).toBe(
      401,
    )
    await anew(person)
    expect((await anonymous().post('/api/auth/login', { username, password: PASSWORD, code })).status).toBe(
      200,
    )
  })

  test('takes a recovery code, once of fifty at a time', async () => {
    const person = await somebody()
    const { recovery } = await withFactor(person)
    const program = await stale(person)
    const [code] = recovery
    const answers = await Promise.all(Array.from({ length: 50 }, () => program.post(confirm, { code })))
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1)
    expect((await securityEvents(person)).filter((one) => one === 'auth:use_recovery_code')).toHaveLength(1)
  })

  test.each(['password', 'code'])('counts a wrong %s like a sign-in that failed', async (kind) => {
    const person = await somebody()
    const factor = await withFactor(person)
    const program = await stale(person)
    const wrong = kind === 'password' ? { password: 'Wrong-Horse-7' } : { code: await wrongCode(factor) }
    for (let tries = 1; tries < config.LOCKOUT_ATTEMPTS; tries++) {
      const answer = await program.post(confirm, wrong)
      expect([answer.status, answer.json().errors?.[0]?.path]).toEqual([422, kind])
    }
    expect((await program.post(confirm, wrong)).status).toBe(429)
    expect((await program.post(confirm, { password: PASSWORD })).status).toBe(429)
    expect((await program.post(confirm, { code: await codeOf(factor) })).status).toBe(429)
    expect((await program.post(dangerous)).status).toBe(403)
  })

  test('wants one of them', async () => {
    const program = await stale(await somebody())
    for (const body of [{}, { password: '' }, { password: '', code: '' }])
      expect((await program.post(confirm, body)).status).toBe(422)
    // where there is no second factor, no code is right
    expect((await program.post(confirm, { code: '123456' })).status).toBe(422)
  })

  test('is of this session alone', async () => {
    const person = await somebody()
    const [one, other] = [await stale(person), await stale(person)]
    expect((await one.post(confirm, { password: PASSWORD })).status).toBe(204)
    expect((await other.post(dangerous)).status).toBe(403)
    expect((await as(await somebody()).post(dangerous)).status).toBe(200)
  })
})
