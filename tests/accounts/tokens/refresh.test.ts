import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fn } from '#src/db/functions.ts'
import { paths } from '#src/paths.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'
import { trail } from '#tests/access/trail.ts'
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
import { anonymous, as, send } from '#tests/client.ts'
import { makeOrganization, makeUser, type Organization, roleOf, sessionOf } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { type Process, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const here = await testDatabase()
const { owner, config, db } = here
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

describe('signing in by JSON', () => {
  test('answers two tokens, when the first ends, and whose they are', async () => {
    const answer = await anonymous().post(api(paths.auth.login), { email: person.email, password: PASSWORD })
    expect(answer.json()).toEqual({
      access_token: expect.stringMatching(/^[\w-]{43}$/),
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      token_type: 'Bearer',
      expires_in: 900,
      user: (await as(person).get(api(paths.usersMe))).json(),
    })
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('names who may not read themselves, too, and no more of them', async () => {
    const bare = await makeUser(org)
    expect((await login(bare)).user).toEqual({ id: bare.id, username: bare.username, name: bare.username })
  })

  test('gives an access token for minutes, by the database’s clock, and a session that lasts', async () => {
    const { access_token } = await login()
    const id = await sessionOf(access_token)
    const lasts = sql<number>`extract(epoch from token_expires_at - now())::float`
    const { rows } = await sql<{ minutes: number; days: number; idle: number }>`
      select ${lasts} / 60 as minutes, extract(epoch from expires_at - now())::float / 86400 as days,
        extract(epoch from idle_timeout)::float / 86400 as idle from sessions where id = ${id}`.execute(owner)
    expect(Math.round(rows[0]?.minutes ?? 0)).toBe(config.ACCESS_TOKEN_EXPIRE_MINUTES)
    expect(Math.round(rows[0]?.days ?? 0)).toBe(config.SESSION_MAX_DAYS)
    expect(rows[0]?.idle).toBe(config.REFRESH_TOKEN_EXPIRE_DAYS)
    expect(await status(access_token)).toBe(200)
    await setSession(access_token, { token_expires_at: later('-1 second') })
    // another process never knew it
    expect(await status(access_token, elsewhere.app)).toBe(401)
  })

  test('is forgotten at its end by a process that remembers it', async () => {
    const { access_token } = await login()
    await setSession(access_token, { token_expires_at: later('1 second') })
    expect(await status(access_token, elsewhere.app)).toBe(200)
    await expect.poll(() => status(access_token, elsewhere.app), { timeout: 2500, interval: 20 }).toBe(401)
  })
})

describe('a refresh token', () => {
  test('gives other tokens once, of the same session; the old access token is dead on every process', async () => {
    const first = await login()
    await Promise.all([here, elsewhere].map(({ app }) => becomes(200, first.access_token, app)))
    const id = await sessionOf(first.access_token)
    const second = await refreshed(first.refresh_token)
    expect(second).toMatchObject({ token_type: 'Bearer', expires_in: 900, user: { id: person.id } })
    expect(
      new Set(
        [...Object.values(first), ...Object.values(second)].filter(
          (x) => typeof x === 'string' && x.length === 43,
        ),
      ).size,
    ).toBe(4)
    expect(await sessionOf(second.access_token)).toBe(id)
    expect(await status(first.access_token)).toBe(401)
    await becomes(401, first.access_token, elsewhere.app)
    expect([await status(second.access_token), await status(second.access_token, elsewhere.app)]).toEqual([
      200, 200,
    ])
    expect(await status((await refreshed(second.refresh_token)).access_token)).toBe(200)
  })

  test('renews a session whose access token has ended', async () => {
    const first = await login()
    await setSession(first.access_token, { token_expires_at: later('-1 second') })
    expect(await status((await refreshed(first.refresh_token)).access_token)).toBe(200)
  })

  test('that is used twice ends the session with all its tokens, on every process, and the trail says so', async () => {
    const first = await login()
    const id = await sessionOf(first.access_token)
    const second = await refreshed(first.refresh_token)
    const third = await refreshed(second.refresh_token)
    expect(await status(third.access_token, elsewhere.app)).toBe(200)
    const answer = await refresh(first.refresh_token)
    dead(answer)
    await Promise.all([here, elsewhere].map(({ app }) => becomes(401, third.access_token, app)))
    dead(await refresh(third.refresh_token))
    const request = answer.headers.get('x-request-id') as string
    expect(await trail(org, { request })).toMatchObject([
      {
        action: 'session:update',
        target_id: id,
        via: 'api',
        reason: 'a refresh token was used twice',
        actor_user_id: null,
      },
      { action: 'auth:refresh_reused', target_id: id, via: 'api', ip: '192.0.2.7' },
    ])
    const told = owner
      .selectFrom('security_events')
      .where('request_id', '=', request)
      .select(['action', 'account_id'])
    expect(await told.execute()).toEqual([{ action: 'auth:refresh_reused', account_id: person.accountId }])
  })

  test('leaves other sessions of the person alone when it is used twice', async () => {
    const [one, other] = [await login(), await login()]
    await refreshed(one.refresh_token)
    await usedAgo(one.refresh_token, '10 seconds')
    await refresh(one.refresh_token)
    expect(await status(other.access_token)).toBe(200)
    expect(await status((await refreshed(other.refresh_token)).access_token)).toBe(200)
  })

  test.each<[string, string]>([
    ['nobody’s', newToken()],
    ['nothing', ''],
    ['a word', 'nonsense'],
    ['SQL', "' or '1'='1"],
    ['a token that is cut', newToken().slice(1)],
  ])('that is %s is refused, as every other', async (_, token) => dead(await refresh(token)))

  test('that is none is refused without a question to the database', async () => {
    const before = db.counted.statements
    dead(await refresh('nonsense'))
    expect(db.counted.statements).toBe(before)
  })

  test('is no access token, and an access token is none', async () => {
    const { access_token, refresh_token } = await login()
    expect(await status(refresh_token)).toBe(401)
    dead(await refresh(access_token))
    expect(await status(access_token)).toBe(200)
  })

  test('that is too old is refused, and so is one of a session that was idle or has run out', async () => {
    const causes: ((tokens: Tokens) => Promise<unknown>)[] = [
      ({ refresh_token }) =>
        owner
          .updateTable('refresh_tokens')
          .set({ expires_at: later('-1 second') })
          .where('token_hash', '=', tokenHash(refresh_token))
          .execute(),
      ({ access_token }) => setSession(access_token, { last_seen_at: later('-8 days') }),
      ({ access_token }) => setSession(access_token, { expires_at: later('-1 second') }),
    ]
    for (const cause of causes) {
      const tokens = await login()
      await cause(tokens)
      dead(await refresh(tokens.refresh_token))
    }
  })

  test('never prolongs its session', async () => {
    const first = await login()
    const id = await sessionOf(first.access_token)
    const ends = () =>
      owner.selectFrom('sessions').where('id', '=', id).select('expires_at').executeTakeFirstOrThrow()
    const before = await ends()
    await refreshed(first.refresh_token)
    expect(await ends()).toEqual(before)
  })
})

describe('the database', () => {
  test('keeps hashes alone, which the application can’t read', async () => {
    const first = await login()
    const { access_token, refresh_token } = await refreshed(first.refresh_token)
    const { rows } = await sql<{ line: string }>`
      select t::text as line from refresh_tokens t union all select s::text from sessions s`.execute(owner)
    const dump = rows.map(({ line }) => line).join('\n')
    expect(dump).toContain(tokenHash(refresh_token).toString('hex'))
    for (const secret of [access_token, refresh_token]) {
      expect(dump).not.toContain(secret)
      expect(dump).not.toContain(Buffer.from(secret).toString('hex'))
    }
    await expect(db.pool.query('select from refresh_tokens')).rejects.toMatchObject({ code: '42501' })
    const inside = (query: string) =>
      db.withActor({ orgId: org.id, context: '{}' }, (tx) => sql.raw(query).execute(tx))
    await expect(inside('select from refresh_tokens')).rejects.toMatchObject({ code: '42501' })
    await expect(inside("select app.add_refresh_token('', '', 1, 1)")).rejects.toMatchObject({
      code: '42501',
    })
  })

  test('forgets what is too old to be tried', async () => {
    const tokens = await login()
    const hash = tokenHash(tokens.refresh_token)
    const there = () =>
      owner.selectFrom('refresh_tokens').where('token_hash', '=', hash).select('id').execute()
    await db.lookup(fn.tidy_sessions({ most: 1000 }))
    expect(await there()).toHaveLength(1)
    await owner
      .updateTable('refresh_tokens')
      .set({ expires_at: later('-1 second') })
      .where('token_hash', '=', hash)
      .execute()
    expect(await db.lookup(fn.tidy_sessions({ most: 1000 }))).toBeGreaterThan(0)
    expect(await there()).toHaveLength(0)
  })
})

test('a refresh is for JSON below /api alone, and takes nothing else', async () => {
  const { refresh_token } = await login()
  const form = { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }
  expect((await send('/auth/refresh', { ...form, body: `refresh_token=${refresh_token}` })).status).toBe(404)
  const more = await anonymous().post(api(paths.auth.refresh), { refresh_token, user_id: person.id })
  expect(more.status).toBe(422)
  expect((await anonymous().get(`${api(paths.auth.refresh)}?refresh_token=${refresh_token}`)).status).toBe(
    405,
  )
  expect((await refreshed(refresh_token)).user.id).toBe(person.id)
})
