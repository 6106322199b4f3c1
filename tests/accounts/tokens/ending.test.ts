import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { entered, makeSuperadmin, placeOf } from '#tests/access/entering.ts'
import {
  becomes,
  dead,
  later,
  refresh,
  refreshed,
  setSession,
  status,
  type Tokens,
  usedAgo,
} from '#tests/accounts/tokens/refreshing.ts'
import { type Answer, anonymous, as } from '#tests/client.ts'
import { makeOrganization, makeUser, type Organization, roleOf, sessionOf } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { type Process, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const here = await testDatabase()
const { owner } = here
const api = (path: string) => `/api/v1${path}`

let org: Organization
let person: Person
let elsewhere: Process
beforeAll(async () => {
  org = await makeOrganization()
  person = await makeUser(org, { roles: [roleOf(org, 'user')] })
  elsewhere = await here.anotherProcess()
})
afterAll(() => elsewhere[Symbol.asyncDispose]())

async function login(who = person): Promise<Tokens> {
  const answer = await anonymous().post(api(paths.auth.login), { username: who.username, password: PASSWORD })
  expect(answer.status, answer.text).toBe(200)
  return answer.json()
}

describe('what ends a session ends its refresh tokens at once', () => {
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })
  const causes: [string, (who: Person, tokens: Tokens) => Promise<unknown>][] = [
    [
      'log-out',
      (_, { access_token }) => anonymous().post(api(paths.auth.logout), undefined, bearer(access_token)),
    ],
    [
      'another password, changed elsewhere',
      (who) =>
        as(who).post(api(paths.auth.changePassword), {
          old_password: PASSWORD,
          new_password: 'Another-Staple-9',
        }),
    ],
    ['the end of all others', (who) => as(who).delete(api(paths.mySessions), { which: 'others' })],
    [
      'an administrator',
      async (who) => {
        const admin = await makeUser(org, { roles: [roleOf(org, 'admin')] })
        return as(admin).delete(api(paths.sessions), { user_id: who.id })
      },
    ],
    [
      'being disabled',
      async (who) => {
        const admin = await makeUser(org, { roles: [roleOf(org, 'admin')] })
        return as(admin).patch(api(paths.user(who.id)), { status: 'disabled' })
      },
    ],
    [
      'an account that is disabled',
      ({ accountId }) =>
        owner.updateTable('accounts').set({ status: 'disabled' }).where('id', '=', accountId).execute(),
    ],
  ]
  test.each(causes)('%s', async (_, cause) => {
    const who = await makeUser(org, { roles: [roleOf(org, 'user')] })
    const tokens = await login(who)
    const twin = await login()
    const done = (await cause(who, tokens)) as Partial<Answer>
    expect([undefined, 200, 204]).toContain(done?.status)
    dead(await refresh(tokens.refresh_token))
    expect(await status((await refreshed(twin.refresh_token)).access_token)).toBe(200)
  })

  test('another password of one’s own gives other tokens, and the refresh token from before is dead', async () => {
    const who = await makeUser(org)
    const before = await login(who)
    const change = { old_password: PASSWORD, new_password: 'Another-Staple-9' }
    const answer = await anonymous().post(api(paths.auth.changePassword), change, bearer(before.access_token))
    expect(answer.status, answer.text).toBe(200)
    const after = answer.json<Tokens>()
    dead(await refresh(before.refresh_token))
    expect(await status(after.access_token)).toBe(200)
    const next = await refreshed(after.refresh_token)
    expect(await status(next.access_token)).toBe(200)
    // one that was used is in two hands all the same
    await usedAgo(after.refresh_token, '10 seconds')
    dead(await refresh(after.refresh_token))
    await becomes(401, next.access_token)
  })
})

describe('in an organization that was entered', () => {
  test('a session is renewed where it is, until its eight hours are over, and not a second longer', async () => {
    const superadmin = await makeSuperadmin()
    const tokens = await login(superadmin)
    const traveller = { ...superadmin, token: tokens.access_token }
    await entered(traveller, org)
    const id = await sessionOf(tokens.access_token)
    const inside = await refreshed(tokens.refresh_token)
    expect(await placeOf({ ...superadmin, token: inside.access_token })).toBe(org.id)
    const { rows } = await sql<{ hours: number }>`
      select extract(epoch from expires_at - now())::float / 3600 as hours from sessions where id = ${id}`.execute(
      owner,
    )
    expect(rows[0]?.hours).toBeLessThan(8)
    expect(rows[0]?.hours).toBeGreaterThan(7.9)
    await setSession(inside.access_token, { expires_at: later('-1 second') })
    dead(await refresh(inside.refresh_token))
  })

  test('and back at home by what it got there', async () => {
    const superadmin = await makeSuperadmin()
    const tokens = await login(superadmin)
    await entered({ ...superadmin, token: tokens.access_token }, org)
    const inside = await refreshed(tokens.refresh_token)
    const back = await as({ ...superadmin, token: inside.access_token }).post(api(paths.leaveOrganization))
    expect(back.status, back.text).toBe(204)
    const home = await refreshed(inside.refresh_token)
    expect(await placeOf({ ...superadmin, token: home.access_token })).toBe(superadmin.org.id)
  })
})
