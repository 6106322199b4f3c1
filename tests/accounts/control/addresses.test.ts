import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { makeSuperadmin } from '#tests/access/entering.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { trail } from '#tests/access/trail.ts'
import { codeOf, type Factor, secretOf, withFactor } from '#tests/accounts/factors.ts'
import { linkFor, mailsTo } from '#tests/accounts/links.ts'
import { type Answer, anonymous, as, send } from '#tests/client.ts'
import { makeOrganization, makeRole, makeUser, type Organization, roleOf, unique } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import { accept, invitedBy, newEmail } from '#tests/people/invitations/inviting.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
const NEXT = 'Battery-Staple-8'

let org: Organization
/** Who makes accounts, and may know their passwords. */
let admin: Person
let other: Organization
/** Who invites people that have accounts. */
let rival: Person

beforeAll(async () => {
  org = await makeOrganization()
  admin = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  other = await makeOrganization()
  rival = await makeUser(other, { roles: [roleOf(other, 'owner')] })
})

const ok = (answer: Answer, ...statuses: number[]) => {
  expect(statuses.length ? statuses : [200, 201, 202, 204], answer.text).toContain(answer.status)
  return answer
}
const use = (path: string, body: object) => anonymous().post(api(path), body)
const signIn = (username: string, password: string) => use(paths.auth.login, { username, password })
/** Somebody whom an administrator makes with a password, and signs in as. */
async function made(email: string, password = PASSWORD): Promise<Person> {
  const username = unique('made')
  const role_ids = [roleOf(org, 'user')]
  const { id } = ok(await as(admin).post(api(paths.users), { username, email, password, role_ids })).json<{
    id: string
  }>()
  const { account_id } = await owner
    .selectFrom('users')
    .where('id', '=', id)
    .select('account_id')
    .executeTakeFirstOrThrow()
  const token = ok(await signIn(username, password)).json<{ access_token: string }>().access_token
  return { org, id, accountId: account_id as string, username, email, token, cookie: '' }
}

/** The token of the newest link of this kind in what is sent to an address. */
async function mailed(address: string, page: (token: string) => string): Promise<string> {
  const links = (await mailTo(address))
    .map(({ link }) => link ?? '')
    .filter((link) => link.includes(page('')))
  return links.at(-1)?.split('/').at(-1) as string
}

/** What the person of an address does who has their mailbox alone. */
async function resets(email: string, password = NEXT): Promise<void> {
  ok(await use(paths.auth.forgotPassword, { email }))
  const token = await mailed(email, paths.resetPassword)
  ok(await use(paths.auth.resetPassword, { token, password }))
}

describe('an address that an administrator typed is unproved', () => {
  const verified = async (email: string) => {
    const account = await owner
      .selectFrom('accounts')
      .where('email', '=', email)
      .select('email_verified_at')
      .executeTakeFirst()
    const user = await owner
      .selectFrom('users')
      .where('email', '=', email)
      .select('email_verified_at')
      .executeTakeFirst()
    return [account?.email_verified_at, user?.email_verified_at]
  }
  const ways: [string, (email: string) => Promise<Answer>][] = [
    [
      'for somebody new',
      (email) => as(admin).post(api(paths.users), { username: unique('x'), email, password: PASSWORD }),
    ],
    ['for somebody invited', (email) => as(admin).post(api(paths.users), { username: unique('x'), email })],
    [
      'for somebody who had another',
      async (email) => as(admin).patch(api(paths.user((await makeUser(org)).id)), { email }),
    ],
    [
      'in a file',
      (email) => {
        const headers = { Authorization: `Bearer ${admin.token}`, 'Content-Type': 'text/csv' }
        const body = `username,email\r\n${unique('x')},${email}\r\n`
        return send(api('/users/import'), { method: 'POST', body, headers })
      },
    ],
    [
      'for the owner of a new organization',
      async (email) => {
        const owner = { owner_username: unique('x'), owner_email: email, owner_password: PASSWORD }
        const body = { name: unique('o'), slug: unique('o'), ...owner }
        return as(await makeSuperadmin()).post(api(paths.organizations), body)
      },
    ],
  ]
  test.each(ways)('%s', async (_, type) => {
    const email = newEmail()
    ok(await type(email))
    expect(await verified(email)).toEqual([null, null])
  })

  test('and one that its person keeps stays proved when the name changes', async () => {
    const person = await makeUser(org)
    ok(await as(admin).patch(api(paths.user(person.id)), { username: unique('y'), email: person.email }))
    expect(await verified(person.email)).toEqual([expect.anything(), expect.anything()])
  })
})

describe('an address with an account that somebody else set up', () => {
  let email: string
  let attacker: Person
  let factor: Pick<Factor, 'secret'>
  beforeEach(async () => {
    email = newEmail()
    attacker = await made(email)
    const begun = (await as(attacker).post(api(paths.auth.secondFactor))).json<{
      setup: string
      uri: string
    }>()
    factor = { secret: secretOf(begun) }
    const body = { setup: begun.setup, code: await codeOf(factor) }
    ok(await as(attacker).post(api(paths.auth.verifySecondFactor), body))
  })

  test('is its person’s by a reset, without the factor, key and session of before', async () => {
    const { token: key } = await withKey(attacker, ['user:read:own'])
    const list = () => as({ ...attacker, token: key }).get(api(paths.users))
    expect((await list()).status).toBe(200)
    await resets(email)
    const answer = await signIn(email, NEXT)
    expect(answer.status, answer.text).toBe(200)
    await expect.poll(async () => (await list()).status).toBe(401)
    await expect.poll(async () => (await as(attacker).get(api(paths.auth.me))).status).toBe(401)
    expect((await mailsTo(email)).map(({ template }) => template)).toContain('second-factor')
    const lines = (await trail(org)).filter(({ target_id }) => target_id === attacker.id)
    expect(lines.map(({ action }) => action)).toContain('auth:turn_off_second_factor')
  })

  test('is asked for a factor of its person’s own where a role wants one', async () => {
    const role = await makeRole(org)
    await owner.updateTable('roles').set({ second_factor_required: true }).where('id', '=', role).execute()
    await owner
      .insertInto('user_roles')
      .values({ org_id: org.id, user_id: attacker.id, role_id: role })
      .execute()
    await resets(email)
    const { access_token } = (await signIn(email, NEXT)).json<{ access_token: string }>()
    const answer = await as({ ...attacker, token: access_token }).get(api(paths.users))
    expect([answer.status, answer.json().type]).toEqual([403, 'second-factor-setup-required'])
  })

  test('is its person’s, too, where the change of it was confirmed by nobody but them', async () => {
    // asked for with a password that they don't know: pressing the link is not enough
    const theirs = newEmail()
    const person = await makeUser(org)
    await withFactor(person)
    ok(await as(person).post(api(paths.auth.changeEmail), { email: theirs, password: PASSWORD }))
    const token = await mailed(theirs, paths.verifyEmail)
    expect((await use(paths.auth.verifyEmail, { token, password: NEXT })).status).toBe(422)
    const { token: invitation } = await invitedBy(rival, { email: theirs })
    expect((await accept(invitation, { password: NEXT })).status).toBe(201)
  })
})

test('a reset leaves factor and keys to somebody who proved the address before', async () => {
  const person = await makeUser(org, { roles: [roleOf(org, 'user')] })
  const factor = await withFactor(person)
  const { token: key } = await withKey(person, ['user:read:own'])
  await resets(person.email)
  expect((await signIn(person.username, NEXT)).json()).toMatchObject({ type: 'second-factor-required' })
  const body = { username: person.username, password: NEXT, code: await codeOf(factor) }
  expect((await use(paths.auth.login, body)).status).toBe(200)
  expect((await as({ ...person, token: key }).get(api(paths.users))).status).toBe(200)
})

describe('taking an address back', () => {
  test('ends the factor that was set up since, and leaves the one of before', async () => {
    for (const since of [true, false]) {
      const person = await makeUser(org)
      if (!since) await withFactor(person, { passed: false })
      ok(await as(person).post(api(paths.auth.changeEmail), { email: newEmail(), password: PASSWORD }))
      const token = await mailed(person.email, paths.undoEmail)
      if (since) await withFactor(person, { passed: false })
      ok(await use(paths.auth.undoEmail, { token, password: NEXT }))
      expect((await signIn(person.username, NEXT)).status).toBe(since ? 200 : 401)
    }
  })
})

describe('fifty at once', () => {
  /** Half of them join by an invitation, the others use a link of before: only one of the two comes about. */
  const race = async (path: string, purpose: 'undo_email' | 'reset_password' | 'change_email') => {
    const person = await makeUser(org)
    const { token } = await invitedBy(rival, { email: person.email })
    const link = await linkFor(person, purpose, purpose === 'change_email' ? { address: newEmail() } : {})
    const password = purpose === 'change_email' ? PASSWORD : NEXT
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => (n % 2 ? accept(token) : use(path, { token: link, password }))),
    )
    const joined = answers.filter(({ status }) => status === 201)
    const taken = answers.filter(({ status }) => status === 204)
    expect(answers.every(({ status }) => status < 500)).toBe(true)
    expect([joined.length, taken.length].sort()).toEqual([0, 1])
    expect((await use(path, { token: link, password })).status).toBe(404)
    const open = owner
      .selectFrom('sessions')
      .where('account_id', '=', person.accountId)
      .where('revoked_at', 'is', null)
    expect(await open.select('id').execute()).toEqual([])
  }
  test.each([
    ['take an address back', paths.auth.undoEmail, 'undo_email'],
    ['choose another password', paths.auth.resetPassword, 'reset_password'],
    ['confirm another address', paths.auth.verifyEmail, 'change_email'],
  ] as const)('join, or %s by a link of before, and never both', async (_, path, purpose) => {
    await race(path, purpose)
  })
})
