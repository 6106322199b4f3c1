import { setTimeout as sleep } from 'node:timers/promises'
import type { RawBuilder } from 'kysely'
import { expect, test } from 'vitest'
import { Database } from '#src/db/database.ts'
import { slackOf, WindowCounter } from '#src/platform/window-counter.ts'
import { unique } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db, owner } = await testDatabase()
const windowMs = 60_000
const taken = async (tally: WindowCounter, key: string, times: number) =>
  (await Promise.all(Array.from({ length: times }, () => tally.take(key)))).filter((one) => one.taken).length

/** A database that takes its time, and breaks as often as is said. */
function slow(random: () => number, failing = 0) {
  const points = new Map<string, number>()
  const lookup = async (call: RawBuilder<unknown>) => {
    const [keys, calls] = call.compile(owner).parameters as [string[], number[]]
    await sleep(random() * 3)
    if (random() < failing) throw new Error('away')
    keys.forEach((key, n) => {
      points.set(key, (points.get(key) ?? 0) + (calls[n] ?? 0))
    })
    const answer = Object.fromEntries(keys.map((key) => [key, [points.get(key), windowMs]]))
    await sleep(random() * 3)
    return answer
  }
  return { points, db: { lookup } as unknown as Database }
}

/** The same numbers for the same seed. */
const seeded = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return seed / 2_147_483_648
}

test.each([
  [1, 10],
  [2, 10],
  [2, 100],
  [4, 57],
])('%i processes with a limit of %i give at most a tenth each too many', async (processes, limit) => {
  const rounds = Array.from({ length: 8 }, async (_, seed) => {
    const random = seeded(seed + 1)
    const store = slow(random)
    const tallies = Array.from(
      { length: processes },
      () => new WindowCounter(store.db, { limit, windowMs, settleMs: 4 }),
    )
    const counts = tallies.map(async (tally) => {
      let count = 0
      for (let n = 0; n < 12; n++) {
        count += await taken(tally, 'key', Math.ceil(random() * (limit / 3)))
        await sleep(random() * 5)
      }
      return count + (await taken(tally, 'key', limit))
    })
    const sum = (await Promise.all(counts)).reduce((a, b) => a + b)
    expect(sum).toBeGreaterThanOrEqual(limit)
    expect(sum).toBeLessThanOrEqual(limit + (processes - 1) * slackOf(limit))
    await Promise.all(tallies.map((tally) => tally.settle()))
    expect(store.points.get('key')).toBe(sum)
  })
  await Promise.all(rounds)
})

test('nobody waits for what is settled, up to a tenth of the limit', async () => {
  const never = { lookup: () => new Promise(() => {}) } as unknown as Database
  const tally = new WindowCounter(never, { limit: 100, windowMs, settleMs: 1 })
  for (let n = 99; n >= 90; n--) expect(await tally.take('key')).toMatchObject({ taken: true, left: n })
  const next = tally.take('key').then(() => 'taken')
  expect(await Promise.race([next, sleep(30, 'waits')])).toBe('waits')
  // another key's window is its own
  expect(await tally.take('other')).toMatchObject({ taken: true, left: 99 })
})

test('one statement settles all keys, and the same key in any order', async () => {
  const [a, b] = [
    new WindowCounter(db, { limit: 1000, windowMs }),
    new WindowCounter(db, { limit: 1000, windowMs }),
  ]
  const keys = Array.from({ length: 300 }, () => unique('tally'))
  await Promise.all(keys.map((key) => a.take(key)))
  await Promise.all(keys.toReversed().map((key) => b.take(key)))
  const before = db.counted.statements
  await Promise.all([a.settle(), b.settle()])
  expect(db.counted.statements - before).toBe(2)
  const rows = await owner.selectFrom('rate_limits').select('points').where('key', 'in', keys).execute()
  expect(rows.map(({ points }) => points)).toEqual(Array(300).fill(2))
  await b.take(keys[0] as string)
  await b.settle()
  await a.take(keys[0] as string)
  await a.settle()
  expect(await a.take(keys[0] as string)).toMatchObject({ left: 995 })
})

test('the window is the database’s, whose time goes for all', async () => {
  const key = unique('tally')
  const one = new WindowCounter(db, { limit: 10, windowMs })
  await one.take(key)
  await one.settle()
  await sleep(1500)
  const two = new WindowCounter(db, { limit: 10, windowMs })
  await two.take(key)
  await two.settle()
  const [{ ms: first }, { ms: second }] = [await one.take(key), await two.take(key)]
  expect(Math.abs(first - second)).toBeLessThan(500)
  expect(second).toBeLessThan(windowMs - 1000)
})

test('a window that is over is nobody’s any more', async () => {
  const key = unique('tally')
  const tally = new WindowCounter(db, { limit: 5, windowMs: 1500 })
  expect(await taken(tally, key, 9)).toBe(5)
  await sleep(1600)
  expect(await taken(tally, key, 9)).toBe(5)
})

test('while the database is away, a process counts for itself, and goes on with the others afterwards', async () => {
  const away = slow(Math.random, 1)
  const tally = new WindowCounter(away.db, { limit: 10, windowMs, settleMs: 1 })
  expect(await taken(tally, 'key', 30)).toBe(10)
  const real = new Database('postgres://nobody@127.0.0.1:1/nowhere', { waitMs: 200 })
  const refused = new WindowCounter(real, { limit: 10, windowMs })
  expect(await taken(refused, 'key', 30)).toBe(10)
  await real.close()
})
