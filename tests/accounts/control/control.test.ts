import { beforeAll, describe, expect, test } from 'vitest'
import { resetPassword } from '#src/cli/operations/accounts.ts'
import { paths } from '#src/paths.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'
import { guardedSubject, plainSubject, type Subject } from '#tests/accounts/control/control.ts'
import { linkFor } from '#tests/accounts/links.ts'
import { type Answer, anonymous, as } from '#tests/client.ts'
import {
  makeOrganization,
  makeUser,
  type NewPerson,
  type Organization,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { accept, invite, newEmail } from '#tests/people/invitations/inviting.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
const NEXT = 'Battery-Staple-8'
const operator = { command: 'a test', name: 'operator', reason: null }

let org: Organization
let admin: Person
/** Owns another organization. */
let rival: Person

beforeAll(async () => {
  org = await makeOrganization()
  admin = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  const other = await makeOrganization()
  rival = await makeUser(other, { roles: [roleOf(other, 'owner')] })
})

/** Everything that `plainSubject` makes, by what it is. */
const LINKS = ['reset_password', 'verify_email', 'change_email', 'undo_email', 'unlock'].map(
  (one) => `${one} link`,
)
const MAILS = ['reset_password', 'verify_email', 'unlock', 'change_email', 'undo_email'].map(
  (one) => `${one} mail`,
)
const SESSIONS = ['session', 'browser', 'refresh token']
const PLAIN = [...LINKS, ...MAILS, ...SESSIONS, 'device', 'proved password', 'API key', 'pending set-up']
/** And `guardedSubject`. */
const GUARDED = ['second factor', 'recovery codes', 'pending code', 'API key']

type Happening = {
  what: string
  /** Answers the token under which the session that acted goes on, where it does. */
  happens: (subject: Subject) => Promise<string | null>
  /** What still works, of somebody without a second factor and of somebody with one. */
  plain: string[]
  guarded: string[]
  options?: NewPerson
}

const ok = (answer: Answer, ...statuses: number[]) => {
  expect(statuses.length ? statuses : [200, 201, 204], answer.text).toContain(answer.status)
  return answer
}
const own = ({ person, acting }: Subject) => as({ ...person, token: acting })
const patched = (change: object) => async (subject: Subject) => {
  ok(await as(admin).patch(api(paths.user(subject.person.id)), change))
  return null
}
const used = async (path: string, body: object) => {
  ok(await anonymous().post(api(path), body))
  return null
}
const token = (answer: Answer) => ok(answer).json<{ access_token: string }>().access_token

/** Asks for another address, and answers the links of the two mails as if they had been sent. */
async function asked(subject: Subject) {
  const { person } = subject
  const to = newEmail()
  ok(await own(subject).post(api(paths.auth.changeEmail), { email: to, password: PASSWORD }), 202)
  const newest = async (template: string) => {
    const found = owner.selectFrom('mails').where('account_id', '=', person.accountId)
    const sorted = found.where('template', '=', template).orderBy('id', 'desc').select('id')
    return (await sorted.limit(1).executeTakeFirstOrThrow()).id
  }
  const confirm = await linkFor(person, 'change_email', { address: to, mail: await newest('change-email') })
  const undo = await linkFor(person, 'undo_email', { mail: await newest('email-changing') })
  return { to, confirm, undo }
}

/** Joins another organization by an invitation, whose mail sends no other. */
async function joins({ person }: Subject) {
  const { id } = await invite(rival, { email: person.email })
  const link = newToken()
  const values = { org_id: rival.org.id, invitation_id: id, token_hash: tokenHash(link) }
  await owner.insertInto('invitation_tokens').values(values).execute()
  ok(await accept(link))
  return null
}

const happenings: Happening[] = [
  { what: 'nothing', happens: async () => null, plain: PLAIN, guarded: GUARDED },
  {
    what: 'an administrator changed the user name',
    happens: (subject) => patched({ username: unique('renamed') })(subject),
    plain: PLAIN,
    guarded: GUARDED,
  },
  {
    what: 'an administrator unlocked the account',
    happens: async ({ person }) => {
      ok(await as(admin).post(api(paths.unlockUser(person.id))))
      return null
    },
    plain: PLAIN,
    guarded: GUARDED,
  },
  {
    what: 'another address was asked for',
    happens: async (subject) => {
      await asked(subject)
      return null
    },
    plain: PLAIN,
    guarded: GUARDED,
  },
  {
    what: 'an administrator changed the address',
    happens: (subject) => patched({ email: newEmail() })(subject),
    plain: ['API key'],
    guarded: ['second factor', 'recovery codes', 'API key'],
  },
  {
    what: 'its person changed the address',
    happens: async (subject) =>
      used(paths.auth.verifyEmail, { token: (await asked(subject)).confirm, password: PASSWORD }),
    plain: ['API key'],
    guarded: ['second factor', 'recovery codes', 'API key'],
  },
  {
    what: 'a change of the address was taken back',
    happens: async (subject) =>
      used(paths.auth.undoEmail, { token: (await asked(subject)).undo, password: NEXT }),
    plain: [],
    guarded: ['second factor', 'recovery codes'],
  },
  {
    what: 'the password was reset by a link',
    happens: async ({ person }) =>
      used(paths.auth.resetPassword, { token: await linkFor(person, 'reset_password'), password: NEXT }),
    plain: ['API key'],
    guarded: ['second factor', 'recovery codes', 'API key'],
  },
  {
    what: 'the password was changed',
    happens: async (subject) =>
      token(
        await own(subject).post(api(paths.auth.changePassword), {
          old_password: PASSWORD,
          new_password: NEXT,
        }),
      ),
    plain: ['API key'],
    guarded: ['second factor', 'recovery codes', 'API key'],
  },
  {
    what: 'an administrator gave a first password',
    happens: async ({ person }) => {
      const none = { password_hash: null }
      await owner.updateTable('accounts').set(none).where('id', '=', person.accountId).execute()
      await owner.updateTable('users').set({ status: 'invited' }).where('id', '=', person.id).execute()
      ok(await as(admin).post(api(paths.firstPassword(person.id)), { password: NEXT }))
      return null
    },
    plain: ['API key'],
    guarded: ['second factor', 'recovery codes', 'API key'],
  },
  {
    what: 'its person joined another organization',
    happens: joins,
    plain: ['API key'],
    guarded: ['second factor', 'recovery codes', 'API key'],
  },
  {
    what: 'its person made it their own',
    happens: async (subject) => token(await own(subject).post(api(paths.detachAccount))),
    plain: ['API key'],
    guarded: ['second factor', 'recovery codes', 'API key'],
  },
  {
    what: 'whoever has the machine set a password',
    happens: async ({ person }) => {
      await resetPassword(owner, person.username, 'a hash', operator)
      return null
    },
    plain: ['API key'],
    guarded: ['second factor', 'recovery codes', 'API key'],
  },
  {
    what: 'an address was confirmed that was never proved before',
    options: { proved: false },
    happens: async ({ person }) =>
      used(paths.auth.verifyEmail, { token: await linkFor(person, 'verify_email'), password: PASSWORD }),
    plain: [],
    guarded: [],
  },
  {
    what: 'an address that was never proved before gave way to one that was',
    options: { proved: false },
    happens: async (subject) =>
      used(paths.auth.verifyEmail, { token: (await asked(subject)).confirm, password: PASSWORD }),
    plain: [],
    guarded: [],
  },
  {
    what: 'the password was reset by a link to an address that was never proved before',
    options: { proved: false },
    happens: async ({ person }) =>
      used(paths.auth.resetPassword, { token: await linkFor(person, 'reset_password'), password: NEXT }),
    plain: [],
    guarded: [],
  },
  {
    what: 'the password was reset that an administrator had given',
    happens: async ({ person }) => {
      const given = { password_given: true }
      await owner.updateTable('accounts').set(given).where('id', '=', person.accountId).execute()
      return used(paths.auth.resetPassword, {
        token: await linkFor(person, 'reset_password'),
        password: NEXT,
      })
    },
    plain: [],
    guarded: [],
  },
  {
    what: 'a change was taken back to an address that was never proved before',
    options: { proved: false },
    happens: async (subject) =>
      used(paths.auth.undoEmail, { token: (await asked(subject)).undo, password: NEXT }),
    plain: [],
    guarded: [],
  },
]

describe.each(happenings)('since then $what:', ({ happens, plain, guarded, options }) => {
  const goesOn = async ({ person, acting }: Subject, renewed: string | null) => {
    if (!renewed) return
    const status = async (one: string) => (await as({ ...person, token: one }).get(api(paths.auth.me))).status
    expect([await status(acting), await status(renewed)]).toEqual([401, 200])
  }
  /** Other processes know within a second; this one was not told by what it did itself. */
  const settles = (subject: Subject, expected: string[]) =>
    expect
      .poll(async () => (await as(subject.person).get(api(paths.auth.me))).status, {
        timeout: 1000,
        interval: 5,
      })
      .toBe(expected.includes('session') ? 200 : 401)

  test('what an account without a second factor has', async () => {
    const subject = await plainSubject(org, options)
    await goesOn(subject, await happens(subject))
    await settles(subject, plain)
    expect(await subject.left()).toEqual(plain)
  })

  test('what one with a second factor has', async () => {
    const subject = await guardedSubject(org, options)
    await goesOn(subject, await happens(subject))
    expect(await subject.left()).toEqual(guarded)
  })
})
