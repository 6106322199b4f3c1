import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import { type Endpoint, everybody, signedIn } from '#src/http/endpoint.ts'
import { takesKey } from '#src/http/idempotency.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import { makeRole, unique } from '#tests/factories.ts'
import { makePeople, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past, anotherProcess } = await testDatabase()
const { owner, admin, foreigner, org } = await makePeople()
const key = (text: string) => ({ 'Idempotency-Key': text })
const person = () => ({ username: unique('once'), email: `${unique('once')}@example.com` })
const named = async (username: string) =>
  (await past.selectFrom('users').select('id').where('username', '=', username).execute()).length
const kept = async (name: string) => {
  const { rows } = await sql<{ ordinal: number; result: unknown }>`
    select ordinal, result from idempotency_keys where key = ${name} order by ordinal`.execute(past)
  return rows
}
/** What a client sees of an answer, without what belongs to the request. */
const seen = ({ status, text, headers }: Answer) => ({
  status,
  text,
  headers: ['etag', 'location', 'content-type', 'cache-control', 'link'].map((name) => headers.get(name)),
})
const replayed = ({ headers }: Answer) => headers.get('idempotency-replayed') === 'true'

describe('the same request again', () => {
  test('makes nothing, and is answered alike', async () => {
    const body = person()
    const first = await as(owner).post('/api/users', body, key('first'))
    const again = await as(owner).post('/api/users', body, key('first'))
    expect(first.status).toBe(201)
    expect(seen(again)).toEqual(seen(first))
    expect([replayed(first), replayed(again)]).toEqual([false, true])
    expect(first.headers.get('location')).toMatch(/^\/api\/users\//)
    expect(await named(body.username)).toBe(1)
    // without the key it is another request
    expect((await as(owner).post('/api/users', body)).status).toBe(409)
  })

  test('twenty at once, through two processes, make one', async () => {
    const other = await anotherProcess()
    const body = person()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        as(owner, n % 2 ? other.app : undefined).post('/api/users', body, key('twenty')),
      ),
    )
    await other[Symbol.asyncDispose]()
    expect(answers.filter((answer) => !replayed(answer))).toHaveLength(1)
    for (const answer of answers) expect(seen(answer)).toEqual(seen(answers[0] as Answer))
    expect(answers[0]?.status).toBe(201)
    expect(await named(body.username)).toBe(1)
    const { rows } = await sql`select from events e join users u on u.id = e.target_id
      where u.username = ${body.username} and e.action = 'user:create'`.execute(past)
    expect(rows).toHaveLength(1)
  })

  test('as a form leads to the same place', async () => {
    const { username, email } = person()
    const browser = browserOf(owner)
    const first = await browser.post('/users', { username, email }, key('form'))
    const again = await browser.post('/users', { username, email }, key('form'))
    expect([first.status, again.status]).toEqual([303, 303])
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
    expect(replayed(again)).toBe(true)
  })

  test('is another request with another body, path or version of the interface', async () => {
    const body = person()
    expect((await as(owner).post('/api/users', body, key('other'))).status).toBe(201)
    const others: [string, object][] = [
      ['/api/users', person()],
      ['/api/users', { ...body, first_name: '' }],
      ['/api/users?x=1', body],
      ['/api/v1/users', body],
      [`/api/users/${owner.id}/restore`, body],
    ]
    for (const [path, sent] of others) {
      const answer = await as(owner).post(path, sent, key('other'))
      expect([answer.status, answer.json().type], path).toEqual([422, 'idempotency-key-reused'])
    }
  })

  test('of somebody else, or with another key, is their own', async () => {
    const body = person()
    expect((await as(owner).post('/api/users', body, key('mine'))).status).toBe(201)
    for (const [who, name, status] of [
      [admin, 'mine', 409],
      [owner, 'Mine', 409],
      // elsewhere, an address that has an account becomes an invitation
      [foreigner, 'mine', 202],
    ] as const) {
      const answer = await as(who).post('/api/users', body, key(name))
      expect([answer.status, replayed(answer)]).toEqual([status, false])
    }
    const { rows } = await sql<{ org_id: string; user_id: string }>`
      select org_id, user_id from idempotency_keys where key = 'mine'`.execute(past)
    expect(rows.map((row) => [row.org_id, row.user_id]).sort()).toEqual(
      [
        [org.id, owner.id],
        [foreigner.org.id, foreigner.id],
      ].sort(),
    )
  })

  test('by somebody who lost the right is refused', async () => {
    const role = await makeRole(org, { permissions: ['user:create:all', 'user:read:all'] })
    const clerk = await personWith(org, [], { roles: [role] })
    const body = person()
    expect((await as(clerk).post('/api/users', body, key('lost'))).status).toBe(201)
    expect(replayed(await as(clerk).post('/api/users', body, key('lost')))).toBe(true)
    await past.deleteFrom('user_roles').where('user_id', '=', clerk.id).execute()
    await expect.poll(async () => (await as(clerk).post('/api/users', body, key('lost'))).status).toBe(403)
  })

  test('after a day is a new one, and what is outdated goes', async () => {
    const body = person()
    const ask = (path: string, sent: object, name: string) => as(owner).post(path, sent, key(name))
    const first = await ask('/api/users', body, 'day')
    const yesterday = sql<string>`now() - interval '24 hours 1 second'`
    const age = (name: string) =>
      sql`update idempotency_keys set created_at = ${yesterday} where key = ${name}`.execute(past)
    await age('day')
    await sql`insert into idempotency_keys (org_id, user_id, key, ordinal, request_hash, result, created_at)
      select ${org.id}, ${owner.id}, 'old' || n, 0, '', '{}', ${yesterday} from generate_series(1, 70) n`.execute(
      past,
    )
    // not even of the same request
    const conflicting = await ask('/api/users', body, 'day')
    expect([conflicting.status, replayed(conflicting)]).toEqual([409, false])
    const other = person()
    const next = await ask('/api/users', other, 'day')
    expect([next.status, replayed(next)]).toEqual([201, false])
    expect(next.text).not.toBe(first.text)
    expect(replayed(await ask('/api/users', other, 'day'))).toBe(true)
    const left = async () =>
      (
        await sql`select from idempotency_keys where org_id = ${org.id} and created_at < now() - interval '24 hours'`.execute(
          past,
        )
      ).rows.length
    expect(await left()).toBe(20)
    await ask('/api/users', person(), 'day-2')
    expect(await left()).toBe(0)
  })
})

describe('a request that failed', () => {
  test('keeps nothing, and may be repeated', async () => {
    const body = person()
    const wrong = await as(owner).post('/api/users', { ...body, role_ids: [owner.id] }, key('failed'))
    expect(wrong.status).toBe(422)
    expect(await kept('failed')).toEqual([])
    expect((await as(owner).post('/api/users', body, key('failed'))).status).toBe(201)
    expect(await kept('failed')).toHaveLength(1)
  })

  test.each([
    ['', 400],
    ['a b', 400],
    ['ä', 400],
    ['a\tb', 400],
    ['x'.repeat(256), 400],
    ['~!"{}', 201],
    ['x'.repeat(255), 201],
  ])('for its key: %j', async (name, status) => {
    const body = person()
    expect((await as(owner).post('/api/users', body, key(name))).status).toBe(status)
    expect(await named(body.username)).toBe(status === 201 ? 1 : 0)
  })
})

test('every POST of somebody takes a key, but those that sign in', () => {
  const without = endpoints.filter((endpoint) => endpoint.method === 'POST' && !takesKey(endpoint))
  for (const { path, secret, access } of without) {
    if (!secret && !('public' in access)) expect(path).toMatch(/^\/(auth\/|login$|register$|logout$)/)
  }
  expect(endpoints.some(takesKey)).toBe(true)
  const one = (path: string, more: Partial<Endpoint> = {}) =>
    takesKey({ method: 'POST', path, access: signedIn, rate: 'api', handle: () => ({}), ...more })
  expect([one('/authors'), one('/users'), one('/logins')]).toEqual([true, true, true])
  expect([
    one('/auth/x'),
    one('/login'),
    one('/x', { secret: true }),
    one('/x', { access: everybody('why not') }),
  ]).toEqual([false, false, false, false])
  expect(one('/users', { method: 'PUT' })).toBe(false)
})
