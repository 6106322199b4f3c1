import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { recoveryHash } from '#src/domains/accounts/recovery-codes.ts'
import { codeAt } from '#src/domains/accounts/totp.ts'
import { paths } from '#src/paths.ts'
import { trail } from '#tests/access/trail.ts'
import { anew, codeOf, type Factor, stepNow, withFactor, wrongCode } from '#tests/accounts/factors.ts'
import { accountOf, mailsTo, securityEvents } from '#tests/accounts/links.ts'
import { anonymous, Program, visitor } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, config, app } = await testDatabase()
const org = await makeOrganization()
async function somebody(): Promise<Person & { factor: Factor }> {
  const person = await makeUser(org, { roles: [roleOf(org, 'user')] })
  return { ...person, factor: await withFactor(person) }
}
const signIn = ({ username }: Person, code?: string, password = PASSWORD) =>
  anonymous().post('/api/auth/login', { username, password, ...(code === undefined ? {} : { code }) })
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

describe('signing in with a second factor, as a program', () => {
  test('takes password and code, and says when the code is lacking', async () => {
    const person = await somebody()
    const without = await signIn(person)
    expect([without.status, without.json().type]).toEqual([401, 'second-factor-required'])
    const answer = await signIn(person, await codeOf(person.factor))
    expect(answer.status, answer.text).toBe(200)
    const { access_token } = answer.json<{ access_token: string }>()
    expect((await new Program(access_token, app).get('/api/auth/me')).status).toBe(200)
    const opened = (await sessionsOf(person)).at(-1)
    expect(opened?.second_factor_at).not.toBeNull()
    expect(opened?.proved_at).not.toBeNull()
  })

  test('says the same of a wrong code as of a wrong password, or of nobody', async () => {
    const person = await somebody()
    const said = async (answer: ReturnType<typeof signIn>) => {
      const { status, json } = await answer
      const { request_id: _, ...problem } = json()
      return [status, problem]
    }
    const code = await codeOf(person.factor)
    const wrong = await said(signIn(person, await wrongCode(person.factor)))
    expect(wrong).toEqual([401, expect.objectContaining({ type: 'wrong-credentials' })])
    expect(await said(signIn(person, code, 'Wrong-Horse-7'))).toEqual(wrong)
    expect(await said(signIn(person, undefined, 'Wrong-Horse-7'))).toEqual(wrong)
    expect(await said(signIn({ ...person, username: 'nobody-at-all' }, code))).toEqual(wrong)
    // the code was not used up by any of it
    expect((await signIn(person, code)).status).toBe(200)
  })

  test('asks nobody for a code who has no second factor', async () => {
    const person = await makeUser(org)
    expect((await signIn(person)).status).toBe(200)
    expect((await signIn(person, '123456')).status).toBe(200)
  })

  test.each([
    [-1, 200],
    [1, 200],
    [-2, 401],
    [2, 401],
  ])('takes a code of %i half minutes away: %i', async (off, status) => {
    const person = await somebody()
    const code = await codeOf(person.factor, off)
    // not on the edge of a half minute
    const now = await stepNow()
    const answer = await signIn(person, code)
    if ((await stepNow()) === now) expect(answer.status).toBe(status)
  })

  test('takes each half minute once, and none before it', async () => {
    const person = await somebody()
    const step = await stepNow()
    const [before, code] = await Promise.all([-1, 0].map((off) => codeAt(person.factor.secret, step + off)))
    expect((await signIn(person, code)).status).toBe(200)
    expect((await signIn(person, code)).status).toBe(401)
    expect((await signIn(person, before)).status).toBe(401)
  })

  test('lets one of fifty in who have the same code', async () => {
    const person = await somebody()
    const code = await codeOf(person.factor)
    const patient = Array.from({ length: 50 }, () => signIn(person, code))
    const done = (await Promise.all(patient)).filter(({ status }) => status === 200)
    expect(done).toHaveLength(1)
  })

  test('takes a recovery code once, tells the person, and says so in the trail', async () => {
    const person = await somebody()
    const [code = '', next = ''] = person.factor.recovery
    expect((await signIn(person, code.toUpperCase())).status).toBe(200)
    expect((await signIn(person, code)).status).toBe(401)
    expect((await signIn(person, next.replaceAll('-', ' '))).status).toBe(200)
    expect((await mailTo(person.email)).map(({ subject }) => subject)).toEqual([
      expect.stringContaining('recovery code'),
      expect.stringContaining('recovery code'),
    ])
    expect((await securityEvents(person)).filter((one) => one === 'auth:use_recovery_code')).toHaveLength(2)
    const actions = (await trail(org, { target: person.id })).map(({ action }) => action)
    expect(actions.filter((one) => one === 'auth:use_recovery_code')).toHaveLength(2)
  })

  test('lets one of fifty in who have the same recovery code', async () => {
    const person = await somebody()
    const [code] = person.factor.recovery
    const answers = await Promise.all(Array.from({ length: 50 }, () => signIn(person, code)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('takes nobody else’s codes', async () => {
    const [one, other] = [await somebody(), await somebody()]
    expect((await signIn(one, await codeOf(other.factor))).status).toBe(401)
    expect((await signIn(one, other.factor.recovery[0])).status).toBe(401)
    // a secret that was put into another row opens nothing
    const secret = owner
      .selectFrom('totp_credentials')
      .where('account_id', '=', other.accountId)
      .select('secret')
    const set = { secret: (await secret.executeTakeFirstOrThrow()).secret }
    await owner.updateTable('totp_credentials').set(set).where('account_id', '=', one.accountId).execute()
    expect((await signIn(one, await codeOf(other.factor))).status).toBe(401)
  })

  test('locks after too many wrong codes, which right passwords in between don’t forget', async () => {
    const person = await somebody()
    const wrong = await wrongCode(person.factor)
    for (let tries = 1; tries < config.LOCKOUT_ATTEMPTS; tries++) {
      expect((await signIn(person, wrong)).status).toBe(401)
      expect((await signIn(person)).json().type).toBe('second-factor-required')
    }
    expect((await signIn(person, wrong)).status).toBe(429)
    expect((await signIn(person, await codeOf(person.factor))).status).toBe(429)
    expect((await signIn(person, person.factor.recovery[0])).status).toBe(429)
    expect(await mailsTo(person.email)).toMatchObject([{ template: 'account-locked' }])
    await unlock(person)
    // and nothing was used up meanwhile
    expect((await signIn(person, person.factor.recovery[0])).status).toBe(200)
    expect((await accountOf(person)).failed_logins).toBe(0)
  })

  test('is no open door for fifty codes at once', async () => {
    const person = await somebody()
    const wrong = await wrongCode(person.factor)
    const answers = await Promise.all(Array.from({ length: 50 }, () => signIn(person, wrong)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]))
    expect((await signIn(person, await codeOf(person.factor))).status).toBe(429)
  })

  test('forgets failures once both were right', async () => {
    const person = await somebody()
    await signIn(person, await wrongCode(person.factor))
    expect((await accountOf(person)).failed_logins).toBe(1)
    expect((await signIn(person, await codeOf(person.factor))).status).toBe(200)
    expect((await accountOf(person)).failed_logins).toBe(0)
  })
})

describe('what is kept', () => {
  test('opens nothing to who has a dump of the database', async () => {
    const person = await somebody()
    await halfway(person)
    const { rows } = await sql<{ line: string }>`
      select t::text as line from totp_credentials t union all select t::text from recovery_codes t
      union all select t::text from pending_sign_ins t union all select t::text from security_events t
      union all select t::text from events t union all select t::text from mails t
      union all select t::text from jobs.job t`.execute(owner)
    const dump = rows.map(({ line }) => line).join('\n')
    expect(dump).toContain(person.accountId)
    const { secret, recovery } = person.factor
    for (const form of ['hex', 'base64', 'base64url', 'latin1'] as const)
      expect(dump).not.toContain(Buffer.from(secret).toString(form))
    for (const code of recovery) {
      expect(dump).not.toContain(code)
      expect(dump).not.toContain(code.replaceAll('-', ''))
      expect(dump).toContain(recoveryHash(person.accountId, code).toString('hex'))
    }
  })

  test('is sealed under today’s key with the next code that is right', async () => {
    const before = { SECRET_KEY: 'the key before, of thirty-two characters' }
    const person = await makeUser(org)
    const factor = await withFactor(person, { secrets: before })
    // without the key before, the app’s codes open nothing; recovery codes do
    expect((await signIn(person, await codeOf(factor))).status).toBe(401)
    expect((await signIn(person, factor.recovery[0])).status).toBe(200)
    const { anotherProcess } = await testDatabase()
    await using rotated = await anotherProcess({ SECRET_KEY_PREVIOUS: before.SECRET_KEY })
    const there = { username: person.username, password: PASSWORD, code: await codeOf(factor) }
    expect((await anonymous(rotated.app).post('/api/auth/login', there)).status).toBe(200)
    await anew(person)
    expect((await signIn(person, await codeOf(factor))).status).toBe(200)
  })
})
