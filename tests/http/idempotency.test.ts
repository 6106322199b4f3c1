import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { endpoints } from '#src/app.ts'
import { can, type Endpoint, everybody, post, signedIn } from '#src/http/endpoint.ts'
import { takesKey } from '#src/http/idempotency.ts'
import { type Answer, as, browserOf, send } from '#tests/client.ts'
import { makeRole, unique } from '#tests/factories.ts'
import { mounted } from '#tests/http/mounted.ts'
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
    for (const [who, name] of [
      [admin, 'mine'],
      [owner, 'Mine'],
      [foreigner, 'mine'],
    ] as const) {
      const answer = await as(who).post('/api/users', body, key(name))
      expect([answer.status, replayed(answer)]).toEqual([409, false])
    }
    const others = person()
    expect((await as(foreigner).post('/api/users', others, key('mine'))).status).toBe(201)
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

describe('transactions', () => {
  let runs = 0
  let fail = ''
  const group = z.strictObject({ name: z.string() })
  const insert = (name: string) => sql`insert into groups (name, kind) values (${name}, 'team')`
  const app = mounted(
    [
      post('/two', can('group:create'), { body: group }, async ({ db, actor, body }) => {
        const first = await db.withActor(actor, async (tx) => {
          runs++
          await insert(body.name).execute(tx)
          if (fail === 'first') throw new Error('broken off')
          if (fail === 'lost')
            await sql`select pg_terminate_backend(pid) from pg_stat_activity where pid = pg_backend_pid()`.execute(
              tx,
            )
          if (fail === 'deadlock') {
            fail = ''
            await sql`do $$ begin raise exception 'lost' using errcode = '40P01'; end $$`.execute(tx)
          }
          return { b: runs, a: { z: '\0 \ud800', y: [null, 1.5] } }
        })
        const second = await db.withActor(actor, async (tx) => {
          runs++
          if (fail === 'second') throw new Error('broken off')
          await insert(`${body.name} 2`).execute(tx)
        })
        return { status: 201, json: { first, second: second === undefined } }
      }),
      post('/secret', signedIn, { secret: true }, ({ db, actor }) => made(db, actor)),
      post('/auth/thing', signedIn, {}, ({ db, actor }) => made(db, actor)),
      post('/plain', signedIn, {}, ({ db, actor }) => made(db, actor)),
    ],
    {},
    [],
  )
  const made = async (
    db: Parameters<Parameters<typeof post>[3]>[0]['db'],
    actor: { orgId: string; context: string },
  ) => ({
    json: { run: await db.withActor(actor, async () => ++runs) },
  })
  const groups = async (name: string) =>
    (
      await past
        .selectFrom('groups')
        .select('name')
        .where('name', 'like', `${name}%`)
        .orderBy('name')
        .execute()
    ).map((row) => row.name)
  const ask = (name: string) => as(owner, app).post('/api/two', { name }, key(name))

  test('are each kept with what they returned', async () => {
    const [first, again] = [await ask('both'), await ask('both')]
    expect(first.json()).toMatchObject({ first: { a: { y: [null, 1.5], z: '\0 \ud800' } }, second: true })
    expect(seen(again)).toEqual(seen(first))
    expect(await groups('both')).toEqual(['both', 'both 2'])
    expect((await kept('both')).map(({ ordinal }) => ordinal)).toEqual([0, 1])
  })

  test.each(['first', 'lost'])('that end before they are committed (%s) leave nothing', async (how) => {
    const name = `ended ${how}`.replace(' ', '-')
    fail = how
    const broken = await ask(name)
    fail = ''
    expect(broken.status).toBeGreaterThanOrEqual(500)
    expect([await groups(name), await kept(name)]).toEqual([[], []])
    const answer = await ask(name)
    expect([answer.status, replayed(answer)]).toEqual([201, false])
    expect(await groups(name)).toEqual([name, `${name} 2`])
  })

  test('that were committed are not done again when the next one failed', async () => {
    fail = 'second'
    expect((await ask('half')).status).toBe(500)
    fail = ''
    expect(await groups('half')).toEqual(['half'])
    const before = runs
    const answer = await ask('half')
    expect([answer.status, replayed(answer), runs - before]).toEqual([201, true, 1])
    expect(await groups('half')).toEqual(['half', 'half 2'])
  })

  test('that lost to another are run again', async () => {
    fail = 'deadlock'
    const before = runs
    const [first, again] = [await ask('deadlock'), await ask('deadlock')]
    expect(runs - before).toBe(3)
    expect(seen(again)).toEqual(seen(first))
    expect(await groups('deadlock')).toEqual(['deadlock', 'deadlock 2'])
  })

  test('are kept neither for secrets nor for signing in', async () => {
    for (const path of ['/api/secret', '/api/auth/thing']) {
      const [one, other] = [1, 2].map(() => as(owner, app).post(path, {}, key('secret')))
      expect((await one)?.text).not.toBe((await other)?.text)
    }
    expect(await kept('secret')).toEqual([])
    const [one, other] = [1, 2].map(() => as(owner, app).post('/api/plain', {}, key('plain')))
    expect((await one)?.text).toBe((await other)?.text)
  })
})

test('files count for a request', async () => {
  let runs = 0
  const app = mounted([
    post('/files', signedIn, { upload: true }, async ({ db, actor, file }) => ({
      json: await db.withActor(actor, async () => ({ run: ++runs, size: file?.content.length })),
    })),
  ])
  const ask = (content: string, boundary: string, name = 'f.csv') =>
    send(
      '/api/files',
      {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${owner.token}`,
          'Content-Type': `multipart/form-data; boundary=${boundary}`,
          ...key('file'),
        },
        body: `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n${content}\r\n--${boundary}--\r\n`,
      },
      app,
    )
  // a client that repeats it may put another boundary round it
  const [first, again] = [await ask('a,b', 'one'), await ask('a,b', 'two')]
  expect([first.text, again.text]).toEqual(['{"run":1,"size":3}', '{"run":1,"size":3}'])
  expect((await ask('a,c', 'one')).status).toBe(422)
  expect((await ask('a,b', 'one', 'g.csv')).status).toBe(422)
})

test('every POST of somebody takes a key, but those that sign in', () => {
  const without = endpoints.filter((endpoint) => endpoint.method === 'POST' && !takesKey(endpoint))
  for (const { path, secret } of without) {
    if (!secret) expect(path).toMatch(/^\/(auth\/|login$|register$|logout$)/)
  }
  expect(endpoints.some(takesKey)).toBe(true)
  const one = (path: string, more: Partial<Endpoint> = {}) =>
    takesKey({ method: 'POST', path, access: signedIn, handle: () => ({}), ...more })
  expect([one('/authors'), one('/users'), one('/logins')]).toEqual([true, true, true])
  expect([
    one('/auth/x'),
    one('/login'),
    one('/x', { secret: true }),
    one('/x', { access: everybody('why not') }),
  ]).toEqual([false, false, false, false])
  expect(one('/users', { method: 'PUT' })).toBe(false)
})
