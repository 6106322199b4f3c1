import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { fn } from '#src/db/functions.ts'
import { paths } from '#src/paths.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'
import { state, trail } from '#tests/access/trail.ts'
import { accountOf, linkFor } from '#tests/accounts/links.ts'
import { anonymous, browserOf, send, visitor } from '#tests/client.ts'
import { makeOrganization, makeUser, openSession, roleOf, unique } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner, db } = await testDatabase()
const org = await makeOrganization()
const somebody = () => makeUser(org, { roles: [roleOf(org, 'user')] })

const NEXT = 'Battery-Staple-8'
const api = (path: string) => `/api/v1${path}`
const forget = (username: string) => anonymous().post(api(paths.auth.forgotPassword), { username })
const reset = (token: string, password = NEXT) =>
  anonymous().post(api(paths.auth.resetPassword), { token, password })
const alter = (person: Person, set: object) =>
  owner.updateTable('accounts').set(set).where('id', '=', person.accountId).execute()

/** The token of the newest mail to somebody, through what a worker does. */
async function tokenMailedTo(person: Person): Promise<string> {
  const [mail] = (await mailTo(person.email)).reverse()
  return (mail?.link ?? '').split('/').at(-1) as string
}

describe('a link that does not work', () => {
  const dead: [string, (person: Person) => Promise<string>][] = [
    ['nobody’s', async () => newToken()],
    ['none at all', async () => 'x'],
    ['one with SQL', async () => `${'a'.repeat(20)}' or '1'='1`],
    ['one that ran out', (person) => linkFor(person, 'reset_password', { ends: '-1 second' })],
    ['one for unlocking', (person) => linkFor(person, 'unlock')],
    ['one that confirms an address', (person) => linkFor(person, 'verify_email')],
    ['one for another address', (person) => linkFor(person, 'change_email')],
    ['one that keeps an address', (person) => linkFor(person, 'undo_email')],
    [
      'one that was used',
      async (person) => {
        const token = await linkFor(person, 'reset_password')
        expect((await reset(token, 'Another-Staple-8')).status).toBe(204)
        await alter(person, { password_hash: (await accountOf(await somebody())).password_hash })
        return token
      },
    ],
    [
      'one that was replaced',
      async (person) => {
        await forget(person.username)
        const token = await tokenMailedTo(person)
        await forget(person.username)
        await mailTo(person.email)
        return token
      },
    ],
    [
      'one from before a change of the password',
      async (person) => {
        const token = await linkFor(person, 'reset_password')
        await alter(person, { password_changed_at: sql`now()` })
        return token
      },
    ],
    [
      'one to an address that is no longer theirs',
      async (person) => {
        const token = await linkFor(person, 'reset_password')
        await alter(person, { email: `${unique('elsewhere')}@example.com` })
        return token
      },
    ],
    [
      'one of an account that was disabled',
      async (person) => {
        await alter(person, { status: 'disabled' })
        const token = await linkFor(person, 'reset_password')
        await alter(person, { email_verified_at: null })
        return token
      },
    ],
  ]
  test.each(dead)('is %s: nothing happens, and the same is said', async (_, make) => {
    const person = await somebody()
    const token = await make(person)
    const before = await state(org)
    const answer = await reset(token)
    expect([answer.status, answer.json().type]).toEqual([404, 'dead-link'])
    const path = paths.resetPassword(encodeURIComponent(token))
    for (const page of [await visitor().get(path), await visitor().post(path, { password: NEXT })]) {
      expect([page.status, page.text]).toEqual([404, expect.stringContaining('Request a new link')])
      expect(page.text).not.toContain(person.username)
    }
    expect(await state(org)).toEqual(before)
  })

  test('is too late for a mail that waited longer than its link, or for another address', async () => {
    for (const late of [
      (person: Person) =>
        owner
          .updateTable('mails')
          .set({ created_at: sql`now() - interval '61 minutes'` })
          .where('recipient', '=', person.email)
          .execute(),
      (person: Person) => alter(person, { email: `${unique('elsewhere')}@example.com` }),
      (person: Person) => alter(person, { status: 'disabled' }),
      (person: Person) => alter(person, { password_changed_at: sql`now() + interval '1 second'` }),
    ]) {
      const person = await somebody()
      await forget(person.username)
      await late(person)
      expect(await mailTo(person.email)).toEqual([])
      const [mail] = await owner
        .selectFrom('mails')
        .where('recipient', '=', person.email)
        .selectAll()
        .execute()
      expect([mail?.status, mail?.last_error]).toEqual(['failed', expect.stringMatching(/out of date/)])
    }
  })

  test('is the other one of a mail that was sent twice', async () => {
    const unlock = (token: string) => anonymous().post(api(paths.auth.unlock), { token })
    for (const first of [0, 1]) {
      const person = await somebody()
      const mail = randomUUID()
      const twins = [await linkFor(person, 'unlock', { mail }), await linkFor(person, 'unlock', { mail })]
      expect((await unlock(twins[first] as string)).status).toBe(204)
      expect((await unlock(twins[1 - first] as string)).status).toBe(404)
    }
  })

  const uses = {
    reset_password: (hash: Buffer) => db.lookup(fn.reset_password({ token: hash, becomes: 'x', ctx: '{}' })),
    undo_email: (hash: Buffer) => db.lookup(fn.undo_email({ token: hash, becomes: 'x', ctx: '{}' })),
    unlock: (hash: Buffer) => db.lookup(fn.unlock_by_link({ token: hash, ctx: '{}' })),
    verify_email: (hash: Buffer) =>
      db.lookup(
        fn.verify_email({
          token: hash,
          proved: new Date().toISOString(),
          session: null,
          renewed: null,
          device: null,
          ctx: '{}',
        }),
      ),
  }
  test.each(Object.entries(uses))(
    'is none for %s to the database either, unless it is of that kind',
    async (kind, use) => {
      const person = await somebody()
      const before = await state(org)
      for (const purpose of ['reset_password', 'undo_email', 'unlock', 'verify_email'] as const)
        if (purpose !== kind) expect(await use(tokenHash(await linkFor(person, purpose)))).toBe(false)
      expect(await state(org)).toEqual(before)
      expect(await use(tokenHash(await linkFor(person, kind as 'unlock')))).toBe(true)
    },
  )

  test.each(Object.entries(uses))(
    'is none for %s to the database either once its time is over',
    async (kind, use) => {
      const person = await somebody()
      const link = (ends: string) => linkFor(person, kind as 'unlock', { ends }).then(tokenHash)
      const before = await state(org)
      expect(await use(await link('-1 second'))).toBe(false)
      expect(await state(org)).toEqual(before)
      expect(await use(await link('1 minute'))).toBe(true)
    },
  )
})

test('a link is in no log, no trail and no dump', async () => {
  const person = await somebody()
  const signedIn = browserOf(person)
  const token = await linkFor(person, 'reset_password')
  const session = await openSession(person, 'token')
  // refused while signed in, which the trail has, and in an error, which names the path
  const refused = await signedIn.post(paths.resetPassword(token), { password: NEXT, csrf_token: 'x' })
  expect(refused.status).toBe(403)
  const problem = await send(paths.resetPassword(token), {
    method: 'POST',
    headers: { Accept: 'application/json', Authorization: `Bearer ${session}` },
  })
  expect(problem.text).not.toContain(token)
  const lines = await trail(org, { request: refused.headers.get('x-request-id') as string })
  expect(lines).toMatchObject([{ action: 'access:denied', data: { path: '/reset-password/:token' } }])
  expect((await reset(token)).status).toBe(204)
  const { rows: tables } = await sql<{ name: string }>`select format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') and n.nspname in ('public', 'jobs')`.execute(
    owner,
  )
  for (const { name } of tables) {
    const found = sql<{
      n: number
    }>`select count(*)::int as n from ${sql.raw(name)} t where strpos(t::text, ${token}) > 0`
    expect((await found.execute(owner)).rows[0]?.n, name).toBe(0)
  }
})
