import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { recorded, trail } from '#tests/access/trail.ts'
import { accountOf, linkFor, mailsTo } from '#tests/accounts/links.ts'
import { anonymous, as, browserOf, visitor } from '#tests/client.ts'
import {
  joinOrganization,
  makeOrganization,
  makeUser,
  type NewPerson,
  openSession,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { mailTo, type Received } from '#tests/mail/mailbox.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, config } = await testDatabase()
const org = await makeOrganization()
const somebody = (options: NewPerson = {}) => makeUser(org, { roles: [roleOf(org, 'user')], ...options })
const address = () => `${unique('new')}@example.com`

const NEXT = 'Battery-Staple-8'
const api = (path: string) => `/api/v1${path}`
const ask = (person: Person, email: string, password = PASSWORD) =>
  as(person).post(api(paths.auth.changeEmail), { email, password })
const use = (path: string, body: object) => anonymous().post(api(path), body)
const confirmed = (token: string) => use(paths.auth.verifyEmail, { token, password: PASSWORD })
const tokenOf = (mail: Received | undefined) => mail?.link?.split('/').at(-1) as string
const signsIn = async (username: string, password = PASSWORD) =>
  (await anonymous().post('/api/auth/login', { username, password })).status

/** Asks for another address, and answers the links that went there and to the old one. */
async function asked(person: Person, email: string) {
  expect((await ask(person, email)).status).toBe(202)
  const [confirm] = await mailTo(email)
  const [undo] = (await mailTo((await accountOf(person)).email)).filter(({ subject }) =>
    /about to change/.test(subject),
  )
  return { confirm: tokenOf(confirm), undo: tokenOf(undo), told: undo }
}

describe('another address', () => {
  test('counts once the link that went there is used, everywhere the old one was', async () => {
    const person = await somebody()
    const elsewhere = await makeOrganization()
    await joinOrganization(person, elsewhere)
    const own = address()
    await joinOrganization({ ...person, email: own }, await makeOrganization())
    const to = address()
    const { confirm, told } = await asked(person, to)
    expect(told?.text).toContain(to)
    expect((await accountOf(person)).email).toBe(person.email)
    expect([await signsIn(to), await signsIn(person.email)]).toEqual([401, 200])
    const answer = await confirmed(confirm)
    expect([answer.status, answer.text]).toEqual([204, ''])
    expect([await signsIn(to), await signsIn(person.email)]).toEqual([200, 401])
    expect((await accountOf(person)).email_verified_at).not.toBeNull()
    const rows = await owner
      .selectFrom('users')
      .where('account_id', '=', person.accountId)
      .select('email')
      .execute()
    expect(rows.map(({ email }) => email).sort()).toEqual([to, to, own].sort())
    for (const place of [org, elsewhere]) {
      const lines = await trail(place, { request: answer.headers.get('x-request-id') as string })
      const about = lines.filter(({ target_type }) => target_type === 'user')
      expect(about.map(({ action }) => action).sort()).toEqual(['auth:change_email', 'user:update'])
    }
  })

  test('by page asks for the password, and shows what is wrong at its field', async () => {
    const person = await somebody({ proved: false })
    const browser = browserOf(person)
    expect((await browser.get(paths.security)).text).toContain('Not confirmed')
    const to = address()
    for (const [fields, message] of [
      [{ email: to, password: 'Wrong-Horse-7' }, 'Password: That password isn’t right'],
      [{ email: 'nowhere', password: PASSWORD }, ': Enter an e-mail address like name@example.com'],
      [{ email: person.email.toUpperCase(), password: PASSWORD }, 'This is already your address'],
    ] as const) {
      const refused = await browser.post(paths.myEmail, fields)
      expect([refused.status, refused.text]).toEqual([422, expect.stringContaining(message)])
    }
    const answer = await browser.post(paths.myEmail, { email: to, password: PASSWORD })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, paths.security])
    expect(await mailsTo(to)).toMatchObject([{ template: 'change-email' }])
    const [mail] = await mailTo(to)
    const path = new URL(mail?.link as string).pathname
    const page = await browser.get(path)
    expect([page.status, page.text]).toEqual([200, expect.stringContaining(to)])
    expect((await accountOf(person)).email).toBe(person.email)
    expect((await browser.post(path, { password: PASSWORD })).status).toBe(303)
    expect((await accountOf(person)).email).toBe(to)
    // this browser goes on, under another token; nobody else does
    expect((await browser.get(paths.security)).text).toContain('>Confirmed<')
    await expect.poll(async () => (await as(person).get('/api/auth/me')).status).toBe(401)
    expect((await browserOf(person).get(paths.me)).status).toBe(303)
  })

  test('takes the password beside the link: who presses a link for somebody else gives them nothing', async () => {
    const person = await somebody({ proved: false })
    const to = address()
    const { confirm } = await asked(person, to)
    const before = await accountOf(person)
    for (const [body, status] of [
      [{ token: confirm }, 422],
      [{ token: confirm, password: '' }, 422],
      [{ token: confirm, password: 'Wrong-Horse-7' }, 422],
    ] as const)
      expect((await use(paths.auth.verifyEmail, body)).status).toBe(status)
    const page = await visitor().post(paths.verifyEmail(confirm), { password: 'Wrong-Horse-7' })
    expect([page.status, page.text]).toEqual([
      422,
      expect.stringContaining('Password: That password isn’t right'),
    ])
    const { email, email_verified_at, control_changed_at } = await accountOf(person)
    expect({ email, email_verified_at, control_changed_at }).toEqual({
      email: before.email,
      email_verified_at: null,
      control_changed_at: before.control_changed_at,
    })
    expect((await as(person).get('/api/auth/me')).status).toBe(200)
    expect((await confirmed(confirm)).status).toBe(204)
    expect((await accountOf(person)).email).toBe(to)
  })

  test('is in the trail when it is asked for, and counts wrong passwords', async () => {
    const person = await somebody()
    const answer = await ask(person, address())
    expect(await recorded(person, answer, 'api')).toMatchObject([{ action: 'auth:request_email' }])
    for (let tries = 1; tries < config.LOCKOUT_ATTEMPTS; tries++)
      expect((await ask(person, address(), 'Wrong-Horse-7')).status).toBe(422)
    expect((await ask(person, address(), 'Wrong-Horse-7')).status).toBe(429)
  })

  test('that somebody has is answered alike: they are told, and nothing changes', async () => {
    const [person, other] = [await somebody(), await somebody()]
    const [free, taken] = [await ask(person, address()), await ask(person, other.email)]
    const shown = ({ status, text, headers }: typeof free) =>
      JSON.stringify([status, text, [...headers].filter(([name]) => name !== 'x-request-id')])
    expect(shown(taken)).toBe(shown(free))
    const [mail, ...more] = await mailTo(other.email)
    expect([mail?.subject, more]).toEqual([expect.stringMatching(/^You have an account/), []])
    expect(mail?.text).not.toContain(person.username)
    // the old address is told of both
    expect(await mailsTo(person.email)).toHaveLength(2)
    const links = owner.selectFrom('account_tokens').where('account_id', '=', other.accountId)
    expect(await links.select('id').execute()).toEqual([])
  })

  test('that somebody took meanwhile stays theirs', async () => {
    const person = await somebody()
    const to = address()
    const { confirm } = await asked(person, to)
    const other = await somebody()
    await owner.updateTable('accounts').set({ email: to }).where('id', '=', other.accountId).execute()
    const answer = await confirmed(confirm)
    expect([answer.status, answer.json().errors]).toEqual([
      409,
      [{ path: 'email', message: 'already has an account' }],
    ])
    expect((await visitor().post(paths.verifyEmail(confirm), { password: PASSWORD })).status).toBe(409)
    expect((await accountOf(person)).email).toBe(person.email)
  })

  test('is asked for three times an hour at most, of oneself and of one address', async () => {
    const person = await somebody()
    for (let times = 0; times < 3; times++) expect((await ask(person, address())).status).toBe(202)
    const answer = await ask(person, address())
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '3600'])
    const to = address()
    for (let times = 0; times < 3; times++) expect((await ask(await somebody(), to)).status).toBe(202)
    const late = await somebody()
    const swallowed = await ask(late, to)
    expect([swallowed.status, swallowed.headers.get('retry-after')]).toEqual([429, '3600'])
    expect(await mailsTo(to)).toHaveLength(3)
    expect(await mailsTo(late.email)).toHaveLength(0)
  })

  test('is confirmed once, however many use the link at once', async () => {
    const person = await somebody()
    const { confirm } = await asked(person, address())
    const answers = await Promise.all(Array.from({ length: 50 }, () => confirmed(confirm)))
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(49)
  })
})

describe('the link to the old address', () => {
  test.each(['before', 'after'])('keeps it, with another password, %s the new one counts', async (when) => {
    const person = await somebody()
    const to = address()
    const { confirm, undo } = await asked(person, to)
    if (when === 'after') expect((await confirmed(confirm)).status).toBe(204)
    const browser = visitor()
    const page = await browser.get(paths.undoEmail(undo))
    expect([page.status, page.text]).toEqual([200, expect.stringContaining(person.email)])
    expect((await browser.post(paths.undoEmail(undo), { password: 'weak' })).status).toBe(422)
    const answer = await browser.post(paths.undoEmail(undo), { password: NEXT })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, paths.login])
    expect((await accountOf(person)).email).toBe(person.email)
    expect([await signsIn(person.email), await signsIn(person.email, NEXT), await signsIn(to, NEXT)]).toEqual(
      [401, 200, 401],
    )
    await expect.poll(async () => (await as(person).get('/api/auth/me')).status).toBe(401)
    expect((await confirmed(confirm)).status).toBe(404)
    const [line] = (await trail(org, { request: answer.headers.get('x-request-id') as string })).filter(
      ({ action }) => action.startsWith('auth:'),
    )
    expect(line).toMatchObject({ action: 'auth:undo_email', actor_user_id: person.id })
  })

  test('keeps its person from changing it once more, which would end the link', async () => {
    const person = await somebody()
    const [second, third] = [address(), address()]
    // a slip of the keyboard can be mended, as long as nothing counts yet
    await asked(person, address())
    const first = await asked(person, second)
    expect((await confirmed(first.confirm)).status).toBe(204)
    const again = { ...person, token: await openSession(person, 'token') }
    const refused = await ask(again, third)
    const day = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10)
    expect([refused.status, refused.json().errors]).toEqual([
      409,
      [{ path: 'email', message: expect.stringContaining(`You can change it again on ${day}`) }],
    ])
    expect(await mailsTo(third)).toEqual([])
    const browser = browserOf({ ...person, cookie: await openSession(person, 'browser') })
    const page = await browser.post(paths.myEmail, { email: third, password: PASSWORD })
    expect([page.status, page.text]).toEqual([
      409,
      expect.stringContaining(`You can change it again on ${day}`),
    ])
    expect((await use(paths.auth.undoEmail, { token: first.undo, password: NEXT })).status).toBe(204)
    expect((await accountOf(person)).email).toBe(person.email)
    const back = { ...person, token: await openSession(person, 'token') }
    expect((await ask(back, third, NEXT)).status).toBe(202)
  })

  test('holds the address for seven days, against others', async () => {
    const person = await somebody()
    const { confirm, undo } = await asked(person, address())
    await confirmed(confirm)
    const username = unique('taker')
    const register = () =>
      anonymous().post('/api/auth/register', { username, email: person.email, password: PASSWORD })
    expect((await register()).status).toBe(409)
    const ends = owner.selectFrom('account_tokens').where('account_id', '=', person.accountId)
    const { left } = await ends
      .where('purpose', '=', 'undo_email')
      .select(sql<number>`extract(epoch from expires_at - now())`.as('left'))
      .executeTakeFirstOrThrow()
    expect(Number(left) / 86_400).toBeCloseTo(7, 2)
    const past = { expires_at: sql<string>`now() - interval '1 second'` }
    await owner.updateTable('account_tokens').set(past).where('account_id', '=', person.accountId).execute()
    expect((await use(paths.auth.undoEmail, { token: undo, password: NEXT })).status).toBe(404)
    expect((await register()).status).toBe(201)
  })

  test('is used once, however many use it at once', async () => {
    const person = await somebody()
    const token = await linkFor(person, 'undo_email')
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        use(paths.auth.undoEmail, { token, password: `Battery-Staple-${index}` }),
      ),
    )
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(49)
  })
})

test('an administrator who changes an address of their own people has the old one told', async () => {
  const administrator = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  const person = await somebody()
  const to = address()
  expect((await as(administrator).patch(`/api/users/${person.id}`, { email: to })).status).toBe(200)
  const [mail, ...more] = await mailTo(person.email)
  expect([mail?.subject, more]).toEqual([expect.stringMatching(/was changed$/), []])
  expect(await mailsTo(to)).toEqual([])
  // nothing to tell where the address stays, or where nobody ever signed in
  expect(
    (await as(administrator).patch(`/api/users/${person.id}`, { username: unique('renamed') })).status,
  ).toBe(200)
  expect(await mailsTo(to)).toEqual([])
})
