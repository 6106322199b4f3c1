import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { asSystem } from '#src/access/system.ts'
import { fn } from '#src/db/functions.ts'
import { paths } from '#src/paths.ts'
import { tokenHash } from '#src/platform/token.ts'
import { trail } from '#tests/access/trail.ts'
import { mailsTo } from '#tests/accounts/links.ts'
import { anonymous, visitor } from '#tests/client.ts'
import { makeOrganization, makeUser, unique } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, anotherProcess } = await testDatabase()
const confirming = await anotherProcess({ EMAIL_VALIDATION_ENABLED: 'true' })
afterAll(() => confirming[Symbol.asyncDispose]())
const { app, db } = confirming
const home = await owner
  .selectFrom('organizations')
  .where('is_default', '=', true)
  .select('id')
  .executeTakeFirstOrThrow()
const org = await makeOrganization()

const api = (path: string) => `/api/v1${path}`
const register = (body: object) => anonymous(app).post(api(paths.auth.register), body)
const confirm = (body: object) => anonymous(app).post(api(paths.auth.verifyEmail), body)
const signsIn = async (username: string, password = PASSWORD) =>
  (await anonymous(app).post('/api/auth/login', { username, password })).status
const accounts = async (email: string) =>
  owner.selectFrom('accounts').where('email', '=', email).selectAll().execute()

let person: { username: string; email: string; password: string; first_name: string; last_name: string }
beforeEach(() => {
  const username = unique('nina')
  person = {
    username,
    email: `${username}@nord.example`,
    password: PASSWORD,
    first_name: 'Nina',
    last_name: 'Nord',
  }
})

async function link(email = person.email): Promise<string> {
  const [mail] = (await mailTo(email)).reverse()
  return (mail?.link ?? '').split('/').at(-1) as string
}

describe('where addresses are confirmed, registering', () => {
  test('makes nothing before the link is used with the password that was chosen', async () => {
    const answer = await register(person)
    expect([answer.status, answer.json<{ detail: string }>().detail]).toEqual([
      202,
      expect.stringContaining('sent a link'),
    ])
    expect(await accounts(person.email)).toEqual([])
    expect(await signsIn(person.username)).toBe(401)
    const token = await link()
    const done = await confirm({ token, password: PASSWORD })
    expect([done.status, done.text]).toEqual([204, ''])
    expect(await accounts(person.email)).toMatchObject([
      { username: person.username, email_verified_at: expect.anything(), managed_by_org_id: null },
    ])
    const user = await owner
      .selectFrom('users')
      .where('username', '=', person.username)
      .selectAll()
      .executeTakeFirst()
    expect(user).toMatchObject({ org_id: home.id, first_name: 'Nina', last_name: 'Nord', status: 'active' })
    expect(user?.email_verified_at).not.toBeNull()
    const lines = await trail(home, { request: done.headers.get('x-request-id') as string })
    expect(lines.map(({ action, reason }) => [action, reason])).toEqual([
      ['user:create', 'registration'],
      ['user_role:create', 'registration'],
    ])
    expect(await signsIn(person.username)).toBe(200)
    expect((await confirm({ token, password: PASSWORD })).status).toBe(404)
  })

  test('by page leads in by the link', async () => {
    const browser = visitor(app)
    await browser.get(paths.register)
    const answer = await browser.post(paths.register, person)
    expect([answer.status, answer.text]).toEqual([202, expect.stringContaining('Check your e-mail')])
    const path = paths.verifyEmail(await link())
    const page = await browser.get(path)
    expect([page.status, page.headers.get('referrer-policy')]).toEqual([200, 'no-referrer'])
    expect(page.text).toContain(`value="${person.username}"`)
    const wrong = await browser.post(path, { username: person.username, password: 'Wrong-Horse-7' })
    expect([wrong.status, wrong.text]).toEqual([
      422,
      expect.stringContaining('That isn’t the password you chose'),
    ])
    const done = await browser.post(path, { username: person.username, password: PASSWORD })
    expect([done.status, done.headers.get('location')], done.text).toEqual([303, paths.home])
    expect((await browser.get('/me')).text).toContain(person.username)
  })

  test('answers alike for an address that has an account, whose person is told', async () => {
    const known = await makeUser(org)
    const shown = async (email: string) => {
      const before = db.counted.statements
      const answer = await register({ ...person, username: unique('nina'), email })
      const headers = [...answer.headers].filter(([name]) => name !== 'x-request-id')
      return JSON.stringify([answer.status, answer.text, headers, db.counted.statements - before])
    }
    expect(await shown(known.email)).toBe(await shown(person.email))
    const [mail, ...more] = await mailTo(known.email)
    expect([mail?.subject, more]).toEqual([expect.stringMatching(/^You have an account/), []])
    expect(mail?.text).toContain(known.username)
    expect(mail?.text).not.toMatch(/verify-email/)
    expect(await accounts(known.email)).toMatchObject([{ id: known.accountId }])
    expect(await signsIn(known.username)).toBe(200)
  })

  test('sends three mails an hour at most to one address', async () => {
    for (let times = 0; times < 5; times++)
      expect((await register({ ...person, username: unique('nina') })).status).toBe(202)
    expect(await mailsTo(person.email)).toHaveLength(3)
  })

  test('still refuses names that are taken, weak passwords, and is off where it is off', async () => {
    const known = await makeUser(org)
    expect((await register({ ...person, username: known.username.toUpperCase() })).status).toBe(409)
    expect((await register({ ...person, password: 'weak' })).status).toBe(422)
    expect(await mailsTo(person.email)).toEqual([])
    await using closed = await anotherProcess({
      EMAIL_VALIDATION_ENABLED: 'true',
      USER_REGISTRATION_ENABLED: 'false',
    })
    expect((await anonymous(closed.app).post(api(paths.auth.register), person)).status).toBe(404)
  })

  test('of somebody else’s address gives nobody an account: its owner has no password, the other no link', async () => {
    await register({ ...person, password: 'Planted-Horse-7' })
    const token = await link()
    for (let tries = 0; tries < 5; tries++)
      expect((await confirm({ token, password: PASSWORD })).status).toBe(422)
    // and no more guesses
    expect((await confirm({ token, password: 'Planted-Horse-7' })).status).toBe(404)
    expect(await accounts(person.email)).toEqual([])
    // its owner registers all the same
    await register({ ...person, username: unique('owner') })
    expect((await confirm({ token: await link(), password: PASSWORD })).status).toBe(204)
  })

  test('lets another name be chosen where it was taken meanwhile', async () => {
    await register(person)
    const token = await link()
    await makeUser(org, { username: person.username })
    const taken = await confirm({ token, password: PASSWORD })
    expect([taken.status, taken.json().errors]).toEqual([
      409,
      [{ path: 'username', message: 'is already in use' }],
    ])
    const username = unique('other')
    const done = await visitor(app).post(paths.verifyEmail(token), { username, password: PASSWORD })
    expect([done.status, done.headers.get('location')]).toEqual([303, paths.home])
    expect(await signsIn(username)).toBe(200)
  })

  test('counts once of two registrations of one address', async () => {
    await register(person)
    const first = await link()
    await register({ ...person, username: unique('nina') })
    const second = await link()
    expect((await confirm({ token: second, password: PASSWORD })).status).toBe(204)
    const late = await confirm({ token: first, password: PASSWORD })
    expect([late.status, late.json().errors]).toEqual([
      409,
      [{ path: 'email', message: 'already has an account' }],
    ])
  })

  test('is done once, however many use the link at once', async () => {
    await register(person)
    const token = await link()
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => confirm({ token, password: PASSWORD, username: unique('many') })),
    )
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1)
    expect(answers.filter(({ status }) => [404, 409].includes(status))).toHaveLength(49)
    expect(await accounts(person.email)).toHaveLength(1)
  })

  test('ends by five wrong passwords, to the database as well', async () => {
    await register(person)
    const token = await link()
    const made = (login: string) =>
      asSystem(db, home.id, 'test', async (tx) => {
        const { rows } = await sql<{ made: object | null }>`
          select app.finish_registration(${tokenHash(token)}, ${login}) as made`.execute(tx)
        return rows[0]?.made
      })
    const failed = (failures: number) =>
      owner.updateTable('registrations').set({ failed: failures }).where('email', '=', person.email).execute()
    await failed(5)
    // whether it is right is not told any more
    for (const password of [PASSWORD, 'Wrong-Horse-7'])
      expect((await confirm({ token, password })).status).toBe(404)
    expect(await made(person.username)).toBeNull()
    await failed(4)
    expect(await made(person.username)).toMatchObject({ email: person.email })
  })

  test('is forgotten after a day', async () => {
    await register(person)
    const token = await link()
    const past = { expires_at: sql<string>`now() - interval '1 second'` }
    await owner.updateTable('registrations').set(past).where('email', '=', person.email).execute()
    await owner.updateTable('account_tokens').set(past).where('registration_id', 'is not', null).execute()
    expect((await confirm({ token, password: PASSWORD })).status).toBe(404)
    expect((await visitor(app).get(paths.verifyEmail(token))).status).toBe(404)
    await db.lookup(fn.tidy_accounts({ most: 1000 }))
    const left = owner.selectFrom('registrations').where('email', '=', person.email)
    expect(await left.select('id').execute()).toEqual([])
  })
})
