import { sql } from 'kysely'
import { afterEach, describe, expect, test } from 'vitest'
import { type Acting, Database } from '#src/db/database.ts'
import { Unavailable } from '#src/db/errors.ts'
import { Shares } from '#src/db/shares.ts'
import { makeOrganization } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { appUrl } = await testDatabase()
const [noisy, quiet] = (await Promise.all([makeOrganization(), makeOrganization()])).map(
  ({ id }): Acting => ({ orgId: id, context: '{}' }),
) as [Acting, Acting]

/** Work that goes on until it is let go. */
class Held {
  running = 0
  readonly #ends: (() => void)[] = []
  readonly work = async () => {
    this.running++
    await new Promise<void>((end) => this.#ends.push(end))
    this.running--
  }
  letGo(count = this.#ends.length) {
    for (const end of this.#ends.splice(0, count)) end()
  }
}
const settled = () => new Promise((go) => setTimeout(go, 20))

describe('the share of an organization', () => {
  test('is most of the connections while it is alone, and a few where there is another', async () => {
    const shares = new Shares(20, 5000)
    const mine = new Held()
    const all = Array.from({ length: 30 }, () => shares.within('mine', mine.work))
    await settled()
    expect(mine.running).toBe(15)
    const other = await shares.within('other', async () => 'at once')
    expect(other).toBe('at once')
    // what runs goes on; nothing more begins before it is down to a few
    mine.letGo(11)
    await settled()
    expect(mine.running).toBe(4)
    for (let n = 0; n < 7; n++) {
      mine.letGo(4)
      await settled()
      expect(mine.running).toBeLessThanOrEqual(4)
    }
    await Promise.all(all)
  })

  test('is taken in turn, and waited for only so long', async () => {
    const shares = new Shares(4, 100)
    const mine = new Held()
    const all = Array.from({ length: 3 }, () => shares.within('mine', mine.work))
    await settled()
    await expect(shares.within('mine', async () => 'late')).rejects.toBeInstanceOf(Unavailable)
    const order: number[] = []
    const next = [1, 2].map((n) => shares.within('mine', async () => void order.push(n)))
    mine.letGo()
    await Promise.all([...all, ...next])
    expect(order).toEqual([1, 2])
  })

  test('is given back by what fails', async () => {
    const shares = new Shares(1, 100)
    for (let n = 0; n < 5; n++)
      await expect(shares.within('mine', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await shares.within('mine', async () => 'in')).toBe('in')
  })
})

describe('one pool', () => {
  const opened: Database[] = []
  afterEach(() => Promise.all(opened.splice(0).map((db) => db.close())))

  test('a crowd of one organization keeps no other waiting, nor makes its requests fail', async () => {
    const db = new Database(appUrl, { max: 8, waitMs: 1000, timeoutMs: 10_000 })
    opened.push(db)
    const slow = () =>
      db
        .withActor(noisy, (tx) => sql`select pg_sleep(0.7)`.execute(tx))
        .then(
          () => 'done',
          (error) => error.constructor.name,
        )
    const crowd = Array.from({ length: 60 }, slow)
    await settled()
    const times: number[] = []
    for (let n = 0; n < 30; n++) {
      const began = performance.now()
      await (n % 2
        ? db.readAs(quiet, (q) => q.selectNoFrom(sql`1`.as('one')))
        : db.withActor(quiet, (tx) => sql`select 1`.execute(tx)))
      times.push(performance.now() - began)
      await settled()
    }
    // less than any of the crowd's statements: it waited for none of them
    expect(Math.max(...times)).toBeLessThan(600)
    const outcomes = new Set(await Promise.all(crowd))
    expect(outcomes).toEqual(new Set(['done', 'Unavailable']))
  })
})
