import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { fn } from '#src/db/functions.ts'
import { paths } from '#src/paths.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'
import { trail } from '#tests/access/trail.ts'
import { accountOf, linkFor, mailsTo, securityEvents } from '#tests/accounts/links.ts'
import { opening } from '#tests/accounts/opening.ts'
import { anonymous, as, browserOf, send, visitor } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, db } = await testDatabase()
const org = await makeOrganization()
const somebody = () => makeUser(org, { roles: [roleOf(org, 'user')] })

const NEXT = 'Battery-Staple-8'
const api = (path: string) => `/api/v1${path}`
const forget = (username: string) => anonymous().post(api(paths.auth.forgotPassword), { username })
const reset = (token: string, password = NEXT) =>
  anonymous().post(api(paths.auth.resetPassword), { token, password })
const signsIn = async ({ username }: Person, password: string) =>
  (await anonymous().post('/api/auth/login', { username, password })).status
const alter = (person: Person, set: object) =>
  owner.updateTable('accounts').set(set).where('id', '=', person.accountId).execute()

/** The token of the newest mail to somebody, through what a worker does. */
async function tokenMailedTo(person: Person): Promise<string> {
  const [mail] = (await mailTo(person.email)).reverse()
  return (mail?.link ?? '').split('/').at(-1) as string
}

describe('forgetting a password', () => {
  test('sends a link to the address of whoever has the name, made when it is sent', async () => {
    for (const name of [(p: Person) => p.username, (p: Person) => ` ${p.email.toUpperCase()} `]) {
      const person = await somebody()
      const answer = await forget(name(person))
      expect([answer.status, answer.json<{ detail: string }>().detail]).toEqual([
        202,
        expect.stringMatching(/^If an account has/),
      ])
      const kept = owner.selectFrom('account_tokens').where('account_id', '=', person.accountId)
      expect(await kept.select('id').execute()).toEqual([])
      const [mail, ...more] = await mailTo(person.email)
      expect([mail?.subject, more]).toEqual([expect.stringMatching(/^Reset your .* password/), []])
      expect(mail?.link).toMatch(/^http:\/\/localhost:8080\/reset-password\/[\w-]{43}$/)
      const [row] = await kept.selectAll().execute()
      expect(row?.token_hash).toEqual(tokenHash(String(mail?.link?.split('/').at(-1))))
      expect(await securityEvents(person)).toEqual(['password:forgot'])
    }
  })

  test('takes the configured address into the link, whatever the request says', async () => {
    const person = await somebody()
    const forged = {
      Host: 'evil.example',
      'X-Forwarded-Host': 'evil.example',
      Forwarded: 'host=evil.example',
    }
    await anonymous().post(api(paths.auth.forgotPassword), { username: person.username }, forged)
    const [mail] = await mailTo(person.email)
    expect(mail?.text).toContain('http://localhost:8080/')
    expect(JSON.stringify(mail)).not.toContain('evil')
  })

  test('says the same, in as many statements, for every name, and sends nothing where it is no use', async () => {
    const [known, disabled, gone, bare, outside] = [
      await somebody(),
      await somebody(),
      await somebody(),
      await somebody(),
      await makeUser(await makeOrganization()),
    ]
    await alter(disabled, { status: 'disabled' })
    await owner.updateTable('users').set({ status: 'disabled' }).where('id', '=', gone.id).execute()
    await alter(bare, { password_hash: null })
    const suspend = owner.updateTable('organizations').set({ status: 'suspended' })
    await suspend.where('id', '=', outside.org.id).execute()
    const jobs = async () => {
      const found = await sql<{
        n: number
      }>`select count(*)::int as n from jobs.job where name = 'mail'`.execute(owner)
      return found.rows[0]?.n ?? 0
    }
    const names = [known, disabled, gone, bare, outside].map(({ username }) => username)
    const seen = new Set<string>()
    for (const username of [...names, unique('nobody'), `${unique('nobody')}@example.com`, 'x']) {
      const before = { ...db.counted, jobs: await jobs() }
      const answer = await forget(username)
      const headers = [...answer.headers].filter(([name]) => name !== 'x-request-id')
      const { statements } = db.counted
      seen.add(
        JSON.stringify([
          answer.status,
          answer.text,
          headers,
          statements - before.statements,
          (await jobs()) - before.jobs,
        ]),
      )
    }
    expect([...seen]).toHaveLength(1)
    expect(await mailsTo(known.email)).toMatchObject([{ template: 'reset-password' }])
    for (const person of [disabled, gone, bare, outside]) expect(await mailsTo(person.email)).toEqual([])
  })

  test('sends three mails an hour at most', async () => {
    const person = await somebody()
    for (let times = 0; times < 5; times++) expect((await forget(person.username)).status).toBe(202)
    expect(await mailsTo(person.email)).toHaveLength(3)
  })

  test('by page leads the same way for everybody', async () => {
    const person = await somebody()
    const seen = new Set<string>()
    for (const username of [person.username, unique('nobody')]) {
      const browser = visitor()
      expect((await browser.get(paths.forgotPassword)).text).toContain('name="username"')
      const answer = await browser.post(paths.forgotPassword, { username })
      expect(answer.status).toBe(200)
      seen.add(answer.text.replace(/nonce="[^"]+"/g, '').replace(/value="[\w-]{43}"/g, ''))
    }
    expect([...seen]).toHaveLength(1)
    expect(await mailsTo(person.email)).toHaveLength(1)
    expect((await visitor().post(paths.forgotPassword, { username: '' })).status).toBe(422)
    expect((await visitor().get(paths.login)).text).toContain(`href="${paths.forgotPassword}"`)
  })
})

describe('choosing another by the link', () => {
  test('ends every session, unlocks, confirms the address, tells the person, and is in the trail', async () => {
    const person = await makeUser(org, { roles: [roleOf(org, 'user')], proved: false })
    await alter(person, { failed_logins: 3, locked_until: sql`now() + interval '5 minutes'` })
    await forget(person.username)
    const answer = await reset(await tokenMailedTo(person))
    expect([answer.status, answer.text]).toEqual([204, ''])
    expect([await signsIn(person, PASSWORD), await signsIn(person, NEXT)]).toEqual([401, 200])
    await expect.poll(async () => (await as(person).get('/api/auth/me')).status).toBe(401)
    const account = await accountOf(person)
    expect([account.locked_until, account.email_verified_at]).toEqual([null, expect.anything()])
    const user = owner.selectFrom('users').where('id', '=', person.id).select('email_verified_at')
    expect((await user.executeTakeFirst())?.email_verified_at).not.toBeNull()
    const request = answer.headers.get('x-request-id') as string
    const lines = await trail(org, { request })
    expect(lines.map(({ action }) => action).sort()).toEqual([
      'auth:reset_password',
      'session:update',
      'session:update',
      'user:update',
    ])
    expect(lines.find(({ action }) => action.startsWith('auth:'))).toMatchObject({
      actor_user_id: person.id,
      target_id: person.id,
      ip: '192.0.2.7',
    })
    expect(await securityEvents(person)).toContain('auth:reset_password')
    expect((await mailTo(person.email)).map(({ subject }) => subject)).toEqual([
      expect.stringMatching(/was changed/),
    ])
  })

  test('by page leads to signing in', async () => {
    const person = await somebody()
    const token = await linkFor(person, 'reset_password')
    const browser = visitor()
    const page = await browser.get(paths.resetPassword(token))
    expect(page.text).toContain('At least 8 characters')
    expect(page.text).toContain(`value="${person.username}"`)
    const weak = await browser.post(paths.resetPassword(token), {
      username: person.username,
      password: 'weak',
    })
    expect([weak.status, weak.text]).toEqual([422, expect.stringContaining('needs 8 characters')])
    const named = await browser.post(paths.resetPassword(token), { password: `${person.username}-A` })
    expect([named.status, named.text]).toEqual([422, expect.stringContaining('too close to a name')])
    const done = await browser.post(paths.resetPassword(token), { password: NEXT })
    expect([done.status, done.headers.get('location')]).toEqual([303, paths.login])
    expect((await browser.get(paths.login)).text).toContain('Your password was changed')
    expect(await signsIn(person, NEXT)).toBe(200)
  })

  test('signs out whoever is signed in with that browser', async () => {
    const person = await somebody()
    const browser = browserOf(person)
    const token = await linkFor(person, 'reset_password')
    expect((await browser.post(paths.resetPassword(token), { password: NEXT })).status).toBe(303)
    expect((await browser.get('/me')).headers.get('location')).toMatch(/^\/login/)
  })

  test('loads without using it up, tells nobody its address, and is kept by nobody', async () => {
    const person = await somebody()
    const token = await linkFor(person, 'reset_password')
    for (let times = 0; times < 3; times++) {
      const page = await visitor().get(paths.resetPassword(token))
      expect(page.status).toBe(200)
      expect(page.headers.get('referrer-policy')).toBe('no-referrer')
      expect(page.headers.get('cache-control')).toBe('private, no-store')
    }
    expect((await visitor().get(paths.resetPassword(newToken()))).headers.get('referrer-policy')).toBe(
      'no-referrer',
    )
    expect((await send(paths.resetPassword(token), { method: 'HEAD' })).status).toBe(200)
    expect((await reset(token)).status).toBe(204)
  })

  test('works from a page that tells nobody its address, as browsers send it', async () => {
    const person = await somebody()
    const token = await linkFor(person, 'reset_password')
    const sent = (headers: Record<string, string>) =>
      visitor().post(paths.resetPassword(token), { password: NEXT }, headers)
    expect((await sent({ Origin: 'null', 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403)
    expect((await sent({ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'same-origin' })).status).toBe(403)
    expect(await signsIn(person, PASSWORD)).toBe(200)
    expect((await sent({ Origin: 'null', 'Sec-Fetch-Site': 'same-origin' })).status).toBe(303)
    expect(await signsIn(person, NEXT)).toBe(200)
  })

  test('is done once, however many use it at once', async () => {
    const person = await somebody()
    const token = await linkFor(person, 'reset_password')
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => reset(token, `Battery-Staple-${index}`)),
    )
    const done = answers.flatMap(({ status }, index) => (status === 204 ? [index] : []))
    expect(done).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(49)
    expect(await signsIn(person, `Battery-Staple-${done[0]}`)).toBe(200)
  })

  test('opens nothing for the old one, proved after the change began and before it took place', async () => {
    const person = await somebody()
    const hash = tokenHash(await linkFor(person, 'reset_password'))
    const found = await db.lookup(
      fn.sign_in_lookup<{ passwordHash: string; changed: string; org: string; user: string }>({
        name: person.username,
        place_slug: null,
        device: null,
      }),
    )
    const passed = fn.sign_in_passed({
      account: person.accountId,
      device: null,
      changed: found.changed,
      was: found.passwordHash,
      becomes: null,
    })
    const at = await owner.transaction().execute(async (tx) => {
      await sql`select now()`.execute(tx)
      const proved = await db.lookup(passed)
      await sql`select app.reset_password(${hash}, 'another', '{}')`.execute(tx)
      return proved
    })
    const whose = { account: person.accountId, org: found.org, person: found.user, proved: at }
    await expect(db.lookup(opening(whose))).rejects.toMatchObject({ code: '28000' })
  })

  test('lets in nobody who signed in with the old one meanwhile', async () => {
    const person = await somebody()
    const token = await linkFor(person, 'reset_password')
    const login = { username: person.username, password: PASSWORD }
    const [answer, ...logins] = await Promise.all([
      reset(token),
      ...Array.from({ length: 12 }, () => anonymous().post('/api/auth/login', login)),
    ])
    expect(answer.status).toBe(204)
    for (const one of logins) {
      const { access_token } = one.json<{ access_token?: string }>()
      if (!access_token) continue
      const headers = { Authorization: `Bearer ${access_token}` }
      await expect.poll(async () => (await send('/api/auth/me', { headers })).status).toBe(401)
    }
    const open = owner.selectFrom('sessions').where('user_id', '=', person.id).where('revoked_at', 'is', null)
    expect(await open.select('id').execute()).toEqual([])
  })
})
