import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, describe, expect, test } from 'vitest'
import { type Acting, Database } from '#src/db/database.ts'
import { Unavailable } from '#src/db/errors.ts'
import { fn } from '#src/db/functions.ts'
import { as } from '#tests/client.ts'
import { makeGroup } from '#tests/factories.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { appUrl, owner } = await testDatabase()
const { owner: mine } = await makePeople()
const me: Acting = { orgId: mine.org.id, context: '{}' }
const one = sql<number>`1`.as('one')

const opened: Database[] = []
const open = (options: ConstructorParameters<typeof Database>[1] = {}, url = appUrl) => {
  const db = new Database(url, { max: 2, waitMs: 300, ...options })
  opened.push(db)
  return db
}
afterAll(() => Promise.all(opened.map((db) => db.close())))

const pidOf = async (db: Database) =>
  (await db.readAs(me, (q) => q.selectNoFrom(sql<number>`pg_backend_pid()`.as('pid'))))[0]?.pid
const kill = (pid: number | undefined) => sql`select pg_terminate_backend(${pid}::int)`.execute(owner)

describe('a pool that is used up', () => {
  test('waits for a while, and then says so; afterwards it goes on', async () => {
    const db = open({ max: 1 })
    let release = () => {}
    const busy = db.withActor(me, async (tx) => {
      await tx.selectNoFrom(one).execute()
      await new Promise<void>((resolve) => (release = resolve))
    })
    const began = performance.now()
    const waiting = [
      db.readAs(me, (q) => q.selectNoFrom(one)),
      db.withActor(me, (tx) => tx.selectNoFrom(one).execute()),
      db.lookup(fn.default_organization()),
    ]
    for (const outcome of await Promise.allSettled(waiting)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(Unavailable) })
    }
    expect(performance.now() - began).toBeLessThan(1500)
    const soon = db.readAs(me, (q) => q.selectNoFrom(one))
    release()
    await busy
    expect(await soon).toEqual([{ one: 1 }])
  })
})

describe('a connection that is lost', () => {
  test('in a transaction: nothing is kept, it is “unavailable”, and the next one works', async () => {
    const db = open()
    const lost = db.withActor(me, async (tx) => {
      await tx.insertInto('groups').values({ kind: 'team', name: 'lost' }).execute()
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)
      await kill(rows[0]?.pid)
      await tx.insertInto('groups').values({ kind: 'team', name: 'lost too' }).execute()
    })
    await expect(lost).rejects.toBeInstanceOf(Unavailable)
    expect(await db.withActor(me, (tx) => tx.selectNoFrom(one).execute())).toEqual([{ one: 1 }])
    const kept = await owner.selectFrom('groups').select('id').where('name', 'like', 'lost%').execute()
    expect(kept).toEqual([])
  })

  test('just before the commit: that is no success', async () => {
    const db = open()
    const lost = db.withActor(me, async (tx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)
      await kill(rows[0]?.pid)
      await sleep(50)
    })
    await expect(lost).rejects.toBeInstanceOf(Unavailable)
  })

  test('in a read that runs', async () => {
    const db = open()
    const pid = await pidOf(db)
    const read = db.readAs(me, (q) => q.selectNoFrom(sql`pg_sleep(5)::text`.as('slept')))
    const outcome = expect(read).rejects.toBeInstanceOf(Unavailable)
    await sleep(50)
    await kill(pid)
    await outcome
    expect(await db.readAs(me, (q) => q.selectNoFrom(one))).toEqual([{ one: 1 }])
  })

  test('while it lay idle: nobody notices', async () => {
    const db = open()
    await kill(await pidOf(db))
    await sleep(100)
    expect(await db.readAs(me, (q) => q.selectNoFrom(one))).toEqual([{ one: 1 }])
  })

  test('by the network, without a word', async () => {
    const target = new URL(appUrl)
    const sockets = new Set<Socket>()
    const proxy = createServer((near) => {
      const far = connect(Number(target.port), target.hostname)
      for (const socket of [near, far]) sockets.add(socket.on('error', () => {}))
      near.pipe(far).pipe(near)
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const { port } = proxy.address() as AddressInfo
    const db = open({}, Object.assign(new URL(appUrl), { hostname: '127.0.0.1', port: String(port) }).href)
    expect(await db.ready()).toBe(true)
    const read = db.readAs(me, (q) => q.selectNoFrom(sql`pg_sleep(5)::text`.as('slept')))
    const outcome = expect(read).rejects.toBeInstanceOf(Unavailable)
    await sleep(50)
    for (const socket of sockets) socket.destroy()
    await outcome
    expect(await db.readAs(me, (q) => q.selectNoFrom(one))).toEqual([{ one: 1 }])
    // and when nothing listens any more
    proxy.close()
    for (const socket of sockets) socket.destroy()
    await sleep(50)
    expect(await db.ready()).toBe(false)
    await expect(db.withActor(me, (tx) => tx.selectNoFrom(one).execute())).rejects.toBeInstanceOf(Unavailable)
  })
})

describe('transactions that get in each other’s way', () => {
  test('a deadlock is run again, and both come through', async () => {
    const db = open({ waitMs: 2000 })
    const [a, b] = await Promise.all([makeGroup(mine.org), makeGroup(mine.org)])
    let attempts = 0
    let arrived = 0
    const both = async (first: string, second: string) =>
      db.withActor(me, async (tx) => {
        attempts++
        const lock = (id: string) =>
          tx
            .updateTable('groups')
            .set({ description: `${first} first` })
            .where('id', '=', id)
            .execute()
        await lock(first)
        arrived++
        while (arrived < 2) await sleep(5)
        await lock(second)
        return 'done'
      })
    expect(await Promise.all([both(a, b), both(b, a)])).toEqual(['done', 'done'])
    expect(attempts).toBeGreaterThan(2)
  })

  test('a serialization failure is run again, until it is too often', async () => {
    const db = open()
    let attempts = 0
    const failing = (times: number) =>
      db.withActor(me, async (tx) => {
        if (++attempts <= times)
          throw Object.assign(new Error('serialize'), { code: '40001', severity: 'ERROR' })
        return (await tx.selectNoFrom(one).execute()).length
      })
    expect(await failing(2)).toBe(1)
    expect(attempts).toBe(3)
    attempts = 0
    await expect(failing(99)).rejects.toMatchObject({ code: '40001' })
    expect(attempts).toBe(4)
  })

  test('anything else is not run again', async () => {
    let attempts = 0
    const failing = open().withActor(me, async (tx) => {
      attempts++
      await sql`select 1/0`.execute(tx)
    })
    await expect(failing).rejects.toMatchObject({ code: '22012' })
    expect(attempts).toBe(1)
  })
})

test('over HTTP, a database that is away is a 503 that says when to try again; a healthy one answers', async () => {
  const { anotherProcess } = await testDatabase()
  const other = await anotherProcess()
  expect((await as(mine, other.app).get('/users')).status).toBe(200)
  await other[Symbol.asyncDispose]()
  const away = await as(mine, other.app).get('/users')
  expect([away.status, away.headers.get('retry-after')]).toEqual([503, '2'])
  expect(away.headers.get('content-type')).toContain('application/problem+json')
  expect((await as(mine, other.app).get('/api/health')).status).toBe(200)
  expect((await as(mine, other.app).get('/api/health/ready')).status).toBe(503)
  expect(away.text).not.toMatch(/pool|ECONN|postgres/i)
})
