import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Door } from '#src/db/database.ts'
import { can, post, signedIn } from '#src/http/endpoint.ts'
import { type Answer, as, send } from '#tests/client.ts'
import { mounted } from '#tests/http/mounted.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { owner } = await makePeople()
const key = (text: string) => ({ 'Idempotency-Key': text })
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
          // what no JSON holds can't be kept
          if (fail === 'unkept') return 1n
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
  const made = async (db: Door, actor: UserActor) => ({
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

  test.each(['first', 'lost', 'unkept'])(
    'that end before they are committed (%s) leave nothing',
    async (how) => {
      const name = `ended ${how}`.replace(' ', '-')
      fail = how
      const broken = await ask(name)
      fail = ''
      expect(broken.status).toBeGreaterThanOrEqual(500)
      expect([await groups(name), await kept(name)]).toEqual([[], []])
      const answer = await ask(name)
      expect([answer.status, replayed(answer)]).toEqual([201, false])
      expect(await groups(name)).toEqual([name, `${name} 2`])
    },
  )

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
