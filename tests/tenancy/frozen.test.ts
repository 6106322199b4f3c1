import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { listen } from '#src/db/channel.ts'
import { type Acting, Database } from '#src/db/database.ts'
import { CommitUnknown, Unavailable } from '#src/db/errors.ts'
import { fn } from '#src/db/functions.ts'
import { Listener } from '#src/db/listener.ts'
import { OnceDoor } from '#src/db/once.ts'
import { type Freezing, freezing } from '#tests/access/freezing.ts'
import { anonymous, as, browserOf, connection, visitor } from '#tests/client.ts'
import { makePeople } from '#tests/people.ts'
import { type Process, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

// Times here are promises, and bounds are generous: what hung did so for as long as the database was frozen.
const { appUrl, owner: past, anotherProcess } = await testDatabase()
const { owner } = await makePeople()
const me: Acting = { orgId: owner.org.id, context: '{}' }

let way: Freezing
beforeEach(async () => {
  way = await freezing(appUrl)
})
afterEach(() => way[Symbol.asyncDispose]())

const timed = async <T>(work: Promise<T>): Promise<[T, number]> => {
  const began = performance.now()
  return [await work, performance.now() - began]
}

describe('an application whose database stands still', () => {
  let here: Process
  beforeEach(async () => {
    here = await anotherProcess({ DATABASE_APP_URL: way.url, RATE_LIMIT_ENABLED: 'true' })
  })
  afterEach(() => here[Symbol.asyncDispose]())

  let made = 0
  const credentials = { username: owner.username, password: PASSWORD }
  const asks = {
    page: () => browserOf(owner, here.app).get('/users'),
    read: () => as(owner, here.app).get('/api/users'),
    write: () => as(owner, here.app).post('/api/groups', { kind: 'team', name: `frozen ${++made}` }),
    form: () => visitor(here.app).post('/login', credentials),
    'sign-in': () => anonymous(here.app).post('/api/auth/login', credentials),
    ready: () => as(owner, here.app).get('/api/health/ready'),
  }
  const all = async () => {
    const answers = Object.entries(asks).map(async ([name, ask]) => {
      const [{ status, headers, text }, ms] = await timed(ask())
      return { name, status, retry: headers.get('retry-after'), text, ms }
    })
    return Promise.all(answers)
  }
  const works = async () => {
    for (const { name, status } of await all()) expect([name, status < 400]).toEqual([name, true])
  }
  /** Back within five seconds, by itself. */
  const comesBack = async () => {
    const began = performance.now()
    while (!(await here.db.ready())) await sleep(50)
    expect(performance.now() - began).toBeLessThan(6000)
    await works()
  }

  test('says so within its time, then at once, and is back by itself', async () => {
    await works()
    way.freeze()
    for (const { name, status, retry, text, ms } of await all()) {
      expect([name, status, retry]).toEqual([name, 503, '2'])
      expect(text).not.toMatch(/postgres|ECONN|terminated/i)
      // less than the limit of a statement, which nobody is there to keep
      expect(ms).toBeLessThan(name === 'ready' ? 4000 : 8000)
    }
    for (const { name, status, ms } of await all()) {
      expect([name, status]).toEqual([name, 503])
      expect(ms).toBeLessThan(1500)
    }
    expect((await as(owner, here.app).get('/api/health')).status).toBe(200)
    way.thaw()
    await comesBack()
    // what was sent when nobody answered isn't kept twice
    const { rows } = await sql<{ most: number }>`
      select max(times)::int as most from (
        select count(*) as times from groups where name like 'frozen%' group by name) as made`.execute(past)
    expect(rows[0]?.most).toBe(1)
  })

  test('loses its connections without a word, and goes on with others', async () => {
    await works()
    const before = await pids(here.db)
    way.lose()
    for (const { name, status, ms } of await all())
      expect([name, [200, 201, 303, 503].includes(status), ms < 8000]).toEqual([name, true, true])
    await comesBack()
    for (const pid of await pids(here.db)) expect(before).not.toContain(pid)
  })

  test('breaks off a file that it was sending', async () => {
    const headers = { Authorization: `Bearer ${owner.token}`, Accept: 'text/csv' }
    const file = () => here.app.request('/api/users', { headers }, connection)
    expect(await (await file()).text()).toContain(owner.username)
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    const begun = await file()
    expect(begun.status).toBe(200)
    way.freeze()
    const [outcome, ms] = await timed(begun.text().catch((error) => error))
    expect(outcome).toBeInstanceOf(Unavailable)
    expect(ms).toBeLessThan(8000)
    expect(told).toHaveBeenCalledOnce()
    told.mockRestore()
    way.thaw()
    await comesBack()
    expect(await (await file()).text()).toContain(owner.username)
  })
})

const pidOf = async (db: Database) =>
  (await db.readAs(me, (q) => q.selectNoFrom(sql<number>`pg_backend_pid()`.as('pid'))))[0]?.pid
const pids = async (db: Database) => Promise.all(Array.from({ length: 4 }, () => pidOf(db)))

describe('a statement that nobody answers', () => {
  const numbers = (db: Database, count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, n) =>
        db.readAs(me, (q) => q.selectNoFrom(sql<number>`${n}::int`.as('n'))).then(([row]) => row?.n),
      ),
    )

  test.each([
    ['a read', (db: Database) => db.readAs(me, (q) => q.selectNoFrom(sql`'late'`.as('late')))],
    ['a look-up', (db: Database) => db.lookup(fn.default_organization())],
    [
      'a transaction',
      (db: Database) => db.withActor(me, (tx) => tx.selectNoFrom(sql`'late'`.as('late')).execute()),
    ],
    ['what is of no organization', (db: Database) => db.pool.query("select 'late'")],
  ])('ends by its own time, and its answer is given to nobody: %s', async (_, ask) => {
    const db = new Database(way.url, { max: 1, timeoutMs: 100 })
    const before = await pidOf(db)
    way.freeze('answers')
    const [outcome, ms] = await timed(ask(db).catch((error) => error))
    expect(String(outcome)).toMatch(/unavailable|timeout|terminated/i)
    expect(ms).toBeLessThan(4000)
    way.thaw()
    await expect.poll(() => db.ready(), { timeout: 6000 }).toBe(true)
    expect(await numbers(db, 20)).toEqual(Array.from({ length: 20 }, (_, n) => n))
    expect(await pidOf(db)).not.toBe(before)
    await db.close()
  })

  test('ends by its own time also where its connection alone is lost, and all others work', async () => {
    const db = new Database(way.url, { max: 1, timeoutMs: 1500 })
    const before = await pidOf(db)
    way.lose()
    // not asked before, whether the database answers is asked on a connection that works
    const [outcome, ms] = await timed(numbers(db, 1).catch((error) => error))
    expect([outcome, ms < 6000]).toEqual([expect.any(Unavailable), true])
    expect(await db.ready()).toBe(true)
    expect(await numbers(db, 5)).toEqual([0, 1, 2, 3, 4])
    expect(await pidOf(db)).not.toBe(before)
    await db.close()
  })

  test('keeps nobody waiting who comes while it is known', async () => {
    const db = new Database(way.url, { max: 1, timeoutMs: 60_000 })
    expect(await numbers(db, 1)).toEqual([0])
    way.freeze()
    const waiting = [numbers(db, 1), numbers(db, 1), db.ready()].map((one) => one.catch((error) => error))
    const [first, , ready] = await Promise.all(waiting)
    expect([first, ready]).toEqual([expect.any(Unavailable), false])
    const [outcome, ms] = await timed(numbers(db, 5).catch((error) => error))
    expect(outcome).toBeInstanceOf(Unavailable)
    expect(ms).toBeLessThan(500)
    way.thaw()
    await expect.poll(() => db.ready(), { timeout: 6000 }).toBe(true)
    expect(await numbers(db, 5)).toEqual([0, 1, 2, 3, 4])
    await db.close()
  })

  test('is let go on where the database is there and only slow', async () => {
    const db = new Database(way.url, { max: 1, timeoutMs: 8000 })
    const slow = db.readAs(me, (q) => q.selectNoFrom(sql`pg_sleep(3)::text`.as('slept')))
    expect(await slow).toHaveLength(1)
    await db.close()
  })
})

describe('a commit that nobody answers', () => {
  const acting = { ...me, context: JSON.stringify({ user: owner.id }) }
  const add = (db: Database, name: string) => {
    const once = new OnceDoor(db, { userId: owner.id, key: name, hash: Buffer.from(name) })
    return once.withActor(acting, async (tx) => {
      await tx.insertInto('groups').values({ kind: 'team', name }).execute()
      return 'added'
    })
  }
  /** Nothing of what is under way arrives; what the server still holds is over. */
  const lostForGood = async () => {
    way.lose()
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and state = 'idle in transaction'`.execute(past)
  }
  const kept = async (name: string) =>
    (await past.selectFrom('groups').select('id').where('name', '=', name).execute()).length

  test.each([
    ['that arrived', 'answers', 1],
    ['that did not', 'all', 0],
  ] as const)(
    'is no success and no failure, and repeated with its key it is done once: %s',
    async (kind, what, times) => {
      const name = `commit ${kind}`
      const db = new Database(way.url, { max: 2, timeoutMs: 500 })
      way.freezeAt('COMMIT', what)
      const [outcome, ms] = await timed(add(db, name).catch((error) => error))
      if (!times) await lostForGood()
      way.thaw()
      expect([outcome, ms < 6000]).toEqual([expect.any(CommitUnknown), true])
      await expect.poll(() => db.ready(), { timeout: 6000 }).toBe(true)
      await expect.poll(() => kept(name), { timeout: 6000 }).toBe(times)
      expect(await add(db, name)).toBe('added')
      expect(await kept(name)).toBe(1)
      await db.close()
    },
  )
})

test('who listens notices that nothing comes any more, and hears again', async () => {
  const listener = new Listener(way.url)
  const heard: string[] = []
  let connected = 0
  const channel = await listen(
    way.url,
    'frozen',
    (payload) => heard.push(payload),
    () => connected++,
  )
  await listener.open()
  await expect.poll(() => [listener.alive, connected]).toEqual([true, 1])
  way.lose()
  await expect.poll(() => listener.alive, { timeout: 5000 }).toBe(false)
  await expect.poll(() => listener.alive, { timeout: 6000 }).toBe(true)
  await expect.poll(() => connected, { timeout: 12_000 }).toBe(2)
  await sql`select pg_notify('frozen', 'again')`.execute(past)
  await expect.poll(() => heard).toEqual(['again'])
  // nor does anybody wait for goodbyes
  way.freeze()
  const [, ms] = await timed(Promise.all([listener.close(), channel.close()]))
  expect(ms).toBeLessThan(2000)
})
