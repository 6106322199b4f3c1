import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { resetPassword } from '#src/cli/operations/accounts.ts'
import { resetSecondFactor } from '#src/cli/operations/second-factor.ts'
import { fn } from '#src/db/functions.ts'
import { paths } from '#src/paths.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'
import {
  guardedSubject,
  plainSubject,
  provedPassword,
  type Subject,
} from '#tests/accounts/control/control.ts'
import { codeOf, secretOf } from '#tests/accounts/factors.ts'
import { linkFor } from '#tests/accounts/links.ts'
import { type Answer, anonymous, as, browserOf } from '#tests/client.ts'
import {
  makeOrganization,
  makeUser,
  type NewPerson,
  type Organization,
  roleOf,
  sessionOf,
  unique,
} from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import { accept, invite, newAddress } from '#tests/people/invitations/inviting.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, db } = await testDatabase()
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
  const to = newAddress()
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
    happens: (subject) => patched({ email: newAddress() })(subject),
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

describe('a second factor', () => {
  test('that is turned on ends what came before, and the session goes on', async () => {
    const subject = await plainSubject(org)
    const begun = (await own(subject).post(api(paths.auth.secondFactor))).json<{
      setup: string
      uri: string
    }>()
    const code = await codeOf({ secret: secretOf(begun) })
    ok(await own(subject).post(api(paths.auth.verifySecondFactor), { setup: begun.setup, code }))
    expect((await own(subject).get(api(paths.auth.me))).status).toBe(200)
    await expect.poll(async () => (await as(subject.person).get(api(paths.auth.me))).status).toBe(401)
    expect(await subject.left()).toEqual(['API key'])
  })

  const ends: [string, (subject: Subject) => Promise<unknown>][] = [
    ['its person', async (subject) => ok(await own(subject).delete(api(paths.auth.secondFactor)))],
    [
      'an administrator',
      async ({ person }) => ok(await as(admin).post(api(paths.resetSecondFactor(person.id)))),
    ],
    ['whoever has the machine', ({ person }) => resetSecondFactor(owner, person.username, operator)],
  ]
  test.each(ends)('that %s ends takes links and browsers with it', async (_, end) => {
    const subject = await guardedSubject(org)
    const { person } = subject
    await linkFor(person, 'undo_email')
    await owner
      .insertInto('known_devices')
      .values({ account_id: person.accountId, hash: tokenHash(newToken()) })
      .execute()
    await end(subject)
    const left = (table: 'account_tokens' | 'known_devices') =>
      owner.selectFrom(table).where('account_id', '=', person.accountId).select('account_id').execute()
    expect([await left('account_tokens'), await left('known_devices')]).toEqual([[], []])
    expect(await subject.left()).toEqual(['API key'])
  })
})

describe('the link that comes with a change of address', () => {
  test.each(['sent before it counts', 'sent once it counts'])('survives it, %s', async (when) => {
    const subject = await plainSubject(org)
    const { person } = subject
    const { to, confirm, undo } = await asked(subject)
    await used(paths.auth.verifyEmail, { token: confirm, password: PASSWORD })
    const late = async () => {
      await owner.deleteFrom('account_tokens').where('token_hash', '=', tokenHash(undo)).execute()
      const sent = await mailToOld(person)
      return new URL(sent).pathname.split('/').at(-1) as string
    }
    const link = when === 'sent before it counts' ? undo : await late()
    await used(paths.auth.undoEmail, { token: link, password: NEXT })
    const account = owner.selectFrom('accounts').where('id', '=', person.accountId).select('email')
    expect(await account.executeTakeFirstOrThrow()).toEqual({ email: person.email })
    expect(to).not.toBe(person.email)
  })

  test('is no other one’s: of two that were asked for, that of the one that counts', async () => {
    const subject = await plainSubject(org)
    const [first, second] = [await asked(subject), await asked(subject)]
    await used(paths.auth.verifyEmail, { token: second.confirm, password: PASSWORD })
    const status = async (token: string) =>
      (await anonymous().post(api(paths.auth.undoEmail), { token, password: NEXT })).status
    expect([await status(first.undo), await status(second.undo)]).toEqual([404, 204])
  })
})

test('a change by an administrator of themselves signs them out, too', async () => {
  const chief = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  const browser = browserOf(chief)
  const answer = await browser.patch(paths.user(chief.id), { email: newAddress() })
  expect(answer.status).toBe(303)
  await expect.poll(async () => (await browser.get(paths.me)).headers.get('location')).toMatch(/^\/login/)
})

/** The link in the mail that still waits for an old address. */
async function mailToOld(person: Person): Promise<string> {
  const found = (await mailTo(person.email)).find(({ link }) => link?.includes(paths.undoEmail('')))
  return found?.link as string
}

test('proofs that began before count no more even where the change began before them', async () => {
  const subject = await plainSubject(org)
  const { person } = subject
  const hash = tokenHash(await linkFor(person, 'change_email', { address: newAddress() }))
  const found = await sql<{ at: string }>`select clock_timestamp()::text as at`.execute(owner)
  await owner.transaction().execute(async (tx) => {
    await sql`select app.confirm_email(${hash}, ${found.rows[0]?.at}::timestamptz, null, null, null, '{}')`.execute(
      tx,
    )
  })
  expect(await subject.left()).toEqual(['API key'])
})

test('a password that was proved before confirms and changes nothing, also in a session that goes on', async () => {
  const person = await makeUser(org)
  const { accountId, id: user } = person
  const session = await sessionOf(person.token)
  const context = JSON.stringify({ org: org.id, user })
  const uses = async (at: string) => [
    await db.lookup(
      fn.confirm_session({
        account: accountId,
        session,
        proved: at,
        step: null,
        recovery: null,
        device: null,
        renewed: null,
        ctx: context,
      }),
    ),
    await db.lookup(
      fn.change_password({
        account: accountId,
        proved: at,
        becomes: 'a hash',
        session,
        renewed: null,
        device: null,
        ctx: context,
      }),
    ),
  ]
  const before = await provedPassword(person)
  await sql`select app.end_control(${accountId}, ${session})`.execute(owner)
  expect(await uses(before)).toEqual([false, false])
  expect(await uses(await provedPassword(person))).toEqual([true, true])
})
