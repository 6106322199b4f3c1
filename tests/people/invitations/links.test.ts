import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { fn } from '#src/db/functions.ts'
import { paths } from '#src/paths.ts'
import { newToken } from '#src/platform/token.ts'
import { state, trail } from '#tests/access/trail.ts'
import { linkFor } from '#tests/accounts/links.ts'
import { type Answer, anonymous, as, browserOf, send, visitor } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'
import { mailTo } from '#tests/mail/mailbox.ts'
import {
  accept,
  invite,
  invitedBy,
  newEmail,
  storedInvitation,
  tokenFor,
  userAt,
} from '#tests/people/invitations/inviting.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner, db } = await testDatabase()
const org = await makeOrganization(`Käse & “Söhne” ${unique('')}`)
const admin = await makeUser(org, { roles: [roleOf(org, 'owner')], first_name: 'Ada', last_name: 'Admin' })
const elsewhere = await makeOrganization()
const NEXT = 'Battery-Staple-8'

const api = (path: string) => `/api/v1${path}`
const post = (path: string) => as(admin).post(api(path))
const alter = (id: string, set: object) =>
  owner.updateTable('invitations').set(set).where('id', '=', id).execute()
const linesOf = async (answer: Answer) =>
  trail(org, { request: answer.headers.get('x-request-id') as string })

describe('a link that does not work', () => {
  const dead: [string, () => Promise<string>][] = [
    ['nobody’s', async () => newToken()],
    ['none at all', async () => 'x'],
    ['one with SQL', async () => `${'a'.repeat(20)}' or '1'='1`],
    ['one for another password', () => linkFor(admin, 'reset_password')],
    [
      'one that ran out',
      async () => {
        const { id, token } = await invitedBy(admin)
        await alter(id, { expires_at: sql`now() - interval '1 second'` })
        return token
      },
    ],
    [
      'one that was used',
      async () => {
        const { token } = await invitedBy(admin)
        expect((await accept(token)).status).toBe(201)
        return token
      },
    ],
    [
      'one that was replaced by another',
      async () => {
        const { id, token, email } = await invitedBy(admin)
        expect((await post(paths.resendInvitation(id))).status).toBe(200)
        expect(await tokenFor(email)).toMatch(/^[\w-]{43}$/)
        return token
      },
    ],
    [
      'one that was revoked',
      async () => {
        const { id, token } = await invitedBy(admin)
        expect((await post(paths.revokeInvitation(id))).status).toBe(200)
        return token
      },
    ],
    [
      'one of an invitation that was deleted',
      async () => {
        const { id, token } = await invitedBy(admin)
        expect((await as(admin).delete(api(paths.invitation(id)))).status).toBe(204)
        return token
      },
    ],
    [
      'one of somebody who was taken away again',
      async () => {
        const username = unique('gone')
        const body = { username, email: `${username}@example.com` }
        const made = (await as(admin).post(api(paths.users), body)).json<{ id: string }>()
        const token = await tokenFor(body.email)
        expect((await as(admin).delete(api(paths.user(made.id)))).status).toBe(204)
        return token
      },
    ],
    [
      'one from before somebody was taken away and brought back',
      async () => {
        const username = unique('back')
        const body = { username, email: `${username}@example.com` }
        const { id } = (await as(admin).post(api(paths.users), body)).json<{ id: string }>()
        const token = await tokenFor(body.email)
        expect((await as(admin).delete(api(paths.user(id)))).status).toBe(204)
        expect((await post(`${paths.user(id)}/restore`)).status).toBe(200)
        return token
      },
    ],
    [
      'one to an address that is no longer theirs',
      async () => {
        const username = unique('moved')
        const body = { username, email: `${username}@example.com` }
        const made = (await as(admin).post(api(paths.users), body)).json<{ id: string }>()
        const token = await tokenFor(body.email)
        const moved = await as(admin).patch(api(paths.user(made.id)), { email: newEmail() })
        expect(moved.status, moved.text).toBe(200)
        return token
      },
    ],
    [
      'one into an organization that is suspended',
      async () => {
        const place = await makeOrganization()
        const chief = await makeUser(place, { roles: [roleOf(place, 'owner')] })
        const { token } = await invitedBy(chief)
        await owner
          .updateTable('organizations')
          .set({ status: 'suspended' })
          .where('id', '=', place.id)
          .execute()
        return token
      },
    ],
    [
      'one to an account that is disabled',
      async () => {
        const known = await makeUser(elsewhere)
        const { token } = await invitedBy(admin, { email: known.email })
        await owner
          .updateTable('accounts')
          .set({ status: 'disabled' })
          .where('id', '=', known.accountId)
          .execute()
        return token
      },
    ],
  ]
  test.each(dead)('is %s: nothing happens, and the same is said', async (_, make) => {
    const token = await make()
    const before = await state(org)
    const answer = await accept(token)
    expect([answer.status, answer.json().type]).toEqual([404, 'dead-link'])
    const path = paths.acceptInvitation(encodeURIComponent(token))
    for (const page of [await visitor().get(path), await visitor().post(path, { password: PASSWORD })]) {
      expect([page.status, page.text]).toEqual([404, expect.stringContaining('Request a new link')])
      expect(page.text).not.toContain('Söhne')
    }
    expect(await state(org)).toEqual(before)
  })

  test('is one of an invitation for whatever else there are links', async () => {
    const { token } = await invitedBy(admin)
    for (const [path, body] of [
      [paths.auth.resetPassword, { token, password: NEXT }],
      [paths.auth.undoEmail, { token, password: NEXT }],
      [paths.auth.verifyEmail, { token, password: NEXT }],
      [paths.auth.unlock, { token }],
    ] as const)
      expect((await anonymous().post(api(path), body)).status, path).toBe(404)
    expect((await accept(token)).status).toBe(201)
  })

  test('works again when a deleted invitation is brought back, and when one that ran out is sent once more', async () => {
    const { id, token, email } = await invitedBy(admin)
    await as(admin).delete(api(paths.invitation(id)))
    expect((await post(`${paths.invitation(id)}/restore`)).status).toBe(200)
    await alter(id, { expires_at: sql`now() - interval '1 second'` })
    await db.lookup(fn.tidy_invitations({ most: 1000 }))
    expect(await storedInvitation(id)).toMatchObject({ status: 'expired' })
    expect((await post(paths.resendInvitation(id))).status).toBe(200)
    expect((await accept(token)).status).toBe(404)
    const next = await tokenFor(email)
    const until = (await storedInvitation(id)).expires_at as unknown as string
    const hours = (new Date(until).getTime() - Date.now()) / 3_600_000
    expect(hours).toBeGreaterThan(71.9)
    expect(hours).toBeLessThan(72.1)
    expect((await accept(next)).status).toBe(201)
  })

  test('is not sent where it was revoked or replaced before its mail went', async () => {
    const given = await invite(admin)
    await post(paths.revokeInvitation(given.id))
    expect(await mailTo(given.email)).toEqual([])
    const other = await invite(admin)
    await post(paths.resendInvitation(other.id))
    const mails = await mailTo(other.email)
    expect(mails).toHaveLength(1)
    expect((await accept((mails[0]?.link ?? '').split('/').at(-1) as string)).status).toBe(201)
  })
})

test('a mail that was sent twice has two links, of which one works', async () => {
  const { email } = await invite(admin)
  const [first] = await mailTo(email)
  await sql`update mails set status = 'queued' where recipient = ${email}`.execute(owner)
  await sql`update jobs.job set state = 'created', completed_on = null where data -> 'payload' ->> 'mail' in (
    select id::text from mails where recipient = ${email})`.execute(owner)
  const [second] = await mailTo(email)
  const [one, other] = [first, second].map((mail) => (mail?.link ?? '').split('/').at(-1) as string)
  expect(one).not.toBe(other)
  expect((await accept(one as string)).status).toBe(201)
  expect((await accept(other as string)).status).toBe(404)
})

test('the link leads to the configured address, whatever a request said', async () => {
  const email = newEmail()
  const answer = await send(api(paths.invitations), {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${admin.token}`,
      'Content-Type': 'application/json',
      Host: 'evil.example',
      'X-Forwarded-Host': 'evil.example',
      Forwarded: 'host=evil.example',
    },
    body: JSON.stringify({ email, role_ids: [] }),
  })
  expect(answer.status, answer.text).toBe(201)
  const [mail] = await mailTo(email)
  expect(mail?.link).toMatch(/^http:\/\/localhost:\d+\/accept-invitation\/[\w-]{43}$/)
  expect(mail?.text + (mail?.html ?? '')).not.toContain('evil')
  expect(mail?.subject).toMatch(/^You’re invited to join Käse & “Söhne”/)
  expect(mail?.text).toMatch(/^You’re invited to Ambit\.\n\n“Ada Admin” invited you to join “Käse & “Söhne”/)
})

test('no dump holds a link that works, and no trail', async () => {
  const { token, email } = await invitedBy(admin)
  const refused = await browserOf(admin).post(paths.acceptInvitation(token), { csrf_token: 'x' })
  expect(refused.status).toBe(403)
  expect(await linesOf(refused)).toMatchObject([{ data: { path: '/accept-invitation/:token' } }])
  const { rows: tables } = await sql<{ name: string }>`select format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') and n.nspname in ('public', 'jobs')`.execute(
    owner,
  )
  expect(tables.length).toBeGreaterThan(20)
  for (const { name } of tables) {
    const found = sql<{
      n: number
    }>`select count(*)::int as n from ${sql.raw(name)} t where strpos(t::text, ${token}) > 0`
    expect((await found.execute(owner)).rows[0]?.n, name).toBe(0)
  }
  expect((await accept(token)).status).toBe(201)
  expect(await userAt(org, email)).not.toBeNull()
})
