import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
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
import { makeOrganization, makeUser, type Organization, roleOf, sessionOf } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import { newEmail } from '#tests/people/invitations/inviting.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, db } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
const NEXT = 'Battery-Staple-8'
const operator = { command: 'a test', name: 'operator', reason: null }

let org: Organization
let admin: Person

beforeAll(async () => {
  org = await makeOrganization()
  admin = await makeUser(org, { roles: [roleOf(org, 'owner')] })
})

const ok = (answer: Answer, ...statuses: number[]) => {
  expect(statuses.length ? statuses : [200, 201, 204], answer.text).toContain(answer.status)
  return answer
}
const own = ({ person, acting }: Subject) => as({ ...person, token: acting })
const used = async (path: string, body: object) => {
  ok(await anonymous().post(api(path), body))
  return null
}
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
  const answer = await browser.patch(paths.user(chief.id), { email: newEmail() })
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
  const hash = tokenHash(await linkFor(person, 'change_email', { address: newEmail() }))
  const found = await sql<{ at: string }>`select clock_timestamp()::text as at`.execute(owner)
  await owner.transaction().execute(async (tx) => {
    await sql`select app.verify_email(${hash}, ${found.rows[0]?.at}::timestamptz, null, null, null, '{}')`.execute(
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
      fn.reauthenticate_session({
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
