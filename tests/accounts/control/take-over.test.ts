import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { enter, entered, makeSuperadmin, placeOf } from '#tests/access/entering.ts'
import { state, trail } from '#tests/access/trail.ts'
import { accountOf, linkFor } from '#tests/accounts/links.ts'
import { type Answer, anonymous, as, visitor } from '#tests/client.ts'
import {
  joinOrganization,
  makeOrganization,
  makeUser,
  type Organization,
  roleOf,
  sessionOf,
  unique,
} from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import { accept, invitedBy, newEmail, userAt } from '#tests/people/invitations/inviting.ts'
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
const set = (accountId: string, values: object) =>
  owner.updateTable('accounts').set(values).where('id', '=', accountId).execute()

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

test('an old link to an address of before gives nobody the organization that its person joined since', async () => {
  const [first, second, theirs] = [newEmail(), newEmail(), newEmail()]
  const attacker = await made(first)
  // by the confirmed way, so that a link to take it back lies in the attacker's mailbox
  ok(await as(attacker).post(api(paths.auth.changeEmail), { email: second, password: PASSWORD }))
  const confirm = await mailed(second, paths.verifyEmail)
  const undo = await mailed(first, paths.undoEmail)
  ok(await use(paths.auth.verifyEmail, { token: confirm, password: PASSWORD }))
  expect((await visitor().get(paths.undoEmail(undo))).status).toBe(200)
  ok(await as(admin).patch(api(paths.user(attacker.id)), { email: theirs }))
  expect((await visitor().get(paths.undoEmail(undo))).status).toBe(404)
  // somebody else invites the address, whose person knows nothing of the account
  const { token } = await invitedBy(rival, { email: theirs, role_ids: [roleOf(other, 'admin')] })
  expect((await accept(token)).status).toBe(409)
  await resets(theirs)
  expect((await accept(token, { password: NEXT })).status).toBe(201)
  const before = await state(other)
  expect((await use(paths.auth.undoEmail, { token: undo, password: PASSWORD })).status).toBe(404)
  expect((await use(paths.auth.verifyEmail, { token: confirm, password: PASSWORD })).status).toBe(404)
  expect((await signIn(attacker.username, PASSWORD)).status).toBe(401)
  expect((await as(admin).patch(api(paths.user(attacker.id)), { email: newEmail() })).status).toBe(403)
  await expect.poll(async () => (await as(attacker).get(api(paths.auth.me))).status).toBe(401)
  // but for the sign-ins that failed
  expect({ ...(await state(other)), accounts: '' }).toEqual({ ...before, accounts: '' })
  expect((await signIn(theirs, NEXT)).json()).toMatchObject({
    user: { id: (await userAt(other, theirs))?.id },
  })
})

describe('joining with an account', () => {
  /** What nobody proved, and how its person does. */
  const unproved: [string, (email: string) => Promise<unknown>, (person: Person) => Promise<unknown>][] = [
    ['whose address an administrator typed', (email) => made(email), ({ email }) => resets(email, PASSWORD)],
    [
      'whose address an administrator changed',
      async (email) => {
        const person = await makeUser(org)
        ok(await as(admin).patch(api(paths.user(person.id)), { email }))
      },
      ({ email }) => resets(email, PASSWORD),
    ],
    [
      'of somebody who registered without a word from the mailbox',
      (email) => use('/auth/register', { username: unique('self'), email, password: PASSWORD }),
      async (person) => {
        const link = await linkFor(person, 'verify_email')
        ok(await use(paths.auth.verifyEmail, { token: link, password: PASSWORD }))
      },
    ],
    [
      'whose password an administrator gave, and so knows',
      async (email) => {
        const person = await made(email)
        const link = await linkFor(person, 'verify_email')
        ok(await use(paths.auth.verifyEmail, { token: link, password: PASSWORD }))
        expect((await accountOf(person)).email_verified_at).not.toBeNull()
      },
      ({ email }) => resets(email, PASSWORD),
    ],
    [
      'whose organization took them away before they proved anything',
      async (email) => {
        const person = await made(email)
        ok(await as(admin).delete(api(paths.user(person.id))))
      },
      ({ email }) => resets(email, PASSWORD),
    ],
  ]
  test.each(unproved)(
    '%s is refused before anything is typed, and works after the proof',
    async (_, make, prove) => {
      const email = newEmail()
      await make(email)
      const { id: accountId, username } = await owner
        .selectFrom('accounts')
        .where('email', '=', email)
        .select(['id', 'username'])
        .executeTakeFirstOrThrow()
      const { token } = await invitedBy(rival, { email })
      const before = [await state(other), await accountOf({ accountId })]
      const answer = await accept(token)
      expect([answer.status, answer.json().type]).toEqual([409, 'unproved-address'])
      expect(answer.json().detail).toContain('reset its password, then open this link again')
      const browser = visitor()
      const page = await browser.get(paths.acceptInvitation(token))
      expect([page.status, page.text]).toEqual([200, expect.stringContaining('reset its password')])
      expect(page.text).toContain(`href="${paths.forgotPassword}"`)
      expect(page.text).not.toContain('name="password"')
      const posted = await browser.post(paths.acceptInvitation(token), { password: PASSWORD })
      expect([posted.status, posted.text]).toEqual([409, expect.stringContaining('reset its password')])
      expect([await state(other), await accountOf({ accountId })]).toEqual(before)
      await prove({ accountId, email, username } as Person)
      const shown = await visitor().get(paths.acceptInvitation(token))
      expect(shown.text).toContain('name="password"')
      expect((await accept(token)).status).toBe(201)
      expect(await userAt(other, email)).toMatchObject({ account_id: accountId, status: 'active' })
    },
  )

  test('is refused by the database, too, whatever way it comes about', async () => {
    for (const values of [{ email_verified_at: null }, { password_given: true }]) {
      const { accountId, username, email } = await makeUser(org)
      await set(accountId, values)
      const joins = () =>
        owner
          .insertInto('users')
          .values({ org_id: other.id, account_id: accountId, username, email })
          .execute()
      await expect(joins()).rejects.toMatchObject({ code: '42501' })
      await set(accountId, { email_verified_at: sql<string>`now()`, password_given: false })
      await joins()
    }
  })

  test('ends what was open where they were, whose trail does not say where they went', async () => {
    const person = await makeUser(org)
    const { token } = await invitedBy(rival, { email: person.email })
    const answer = ok(await accept(token))
    const lines = await trail(org)
    const sessions = [await sessionOf(person.token), await sessionOf(person.cookie)]
    const ended = lines.filter(
      ({ action, target_id }) => action === 'session:update' && sessions.includes(target_id as string),
    )
    expect(ended.map(({ action, reason }) => [action, reason])).toEqual(
      Array(2).fill(['session:update', 'signed out everywhere']),
    )
    expect(JSON.stringify(lines)).not.toContain(other.id)
    expect(await trail(org, { request: answer.headers.get('x-request-id') as string })).toEqual([])
  })
})

describe('an account that nobody proved', () => {
  test('changes to no other organization, and does once it is proved', async () => {
    const person = await makeUser(org)
    await joinOrganization(person, other)
    await set(person.accountId, { email_verified_at: null })
    const change = () => as(person).post(api(paths.switchOrganization), { organization: other.id })
    const refused = await change()
    expect([refused.status, refused.json().type]).toEqual([409, 'unproved-address'])
    expect(await placeOf(person)).toBe(org.id)
    await set(person.accountId, { email_verified_at: sql`now()` })
    expect((await change()).status).toBe(200)
  })

  test('enters no other organization from the platform, and does once it is proved', async () => {
    const superadmin = await makeSuperadmin()
    await set(superadmin.accountId, { email_verified_at: null })
    const refused = await enter(superadmin, org.id)
    expect([refused.status, refused.json().type]).toEqual([409, 'unproved-address'])
    expect(await placeOf(superadmin)).not.toBe(org.id)
    await set(superadmin.accountId, { email_verified_at: sql`now()` })
    await entered(superadmin, org)
  })
})
