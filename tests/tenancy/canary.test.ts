import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { type Acting, Database, type Tx } from '#src/db/database.ts'
import { StatementTimeout } from '#src/db/errors.ts'
import { makeOrganization, makeUser } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const long = process.env.AMBIT_LONG === '1'
const MS = long ? 60_000 : 6000
const LEAST = long ? 20_000 : 1000

/** Numbers that are the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

type Row = { org_id: string; entered: string }
const rows = (db: Tx, prepared = false) =>
  db
    .selectFrom('users')
    .select([
      'org_id',
      sql<string>`app.org_id()::text`.as('entered'),
      ...(prepared ? [sql`1`.as('one')] : []),
    ])

test(
  'on two connections, whatever happens on them, nobody ever sees a row of another organization',
  async () => {
    const { appUrl, owner } = await testDatabase()
    const orgs = await Promise.all(Array.from({ length: 4 }, () => makeOrganization()))
    for (const [index, org] of orgs.entries()) for (let n = 0; n <= index; n++) await makeUser(org)
    const db = new Database(appUrl, { max: 2, waitMs: 30_000, timeoutMs: 150 })
    const plain = new Database(appUrl, { max: 2, waitMs: 30_000, timeoutMs: 150, oneTrip: false })
    const done = new Map<string, number>()
    let seen = 0
    const seed = Number(process.env.AMBIT_SEED ?? Date.now() % 1_000_000)
    const random = numbers(seed)

    const check = (orgId: string, found: Row[], people: number) => {
      expect(found).toHaveLength(people)
      for (const row of found) {
        seen++
        if (row.org_id !== orgId || row.entered !== orgId)
          throw new Error(`seed ${seed}: ${JSON.stringify(row)} in ${orgId}`)
      }
    }
    class Meant extends Error {}

    const ways: Record<string, (door: Database, me: Acting, people: number) => Promise<unknown>> = {
      read: async (door, me, people) => check(me.orgId, await door.readAs(me, (q) => rows(q)), people),
      'kept read': async (door, me, people) =>
        check(me.orgId, await door.readAs(me, (q) => rows(q, true), { prepared: true }), people),
      transaction: (door, me, people) =>
        door.withActor(me, async (tx) => {
          check(me.orgId, await rows(tx).execute(), people)
          await tx.updateTable('users').set({ first_name: 'Canary' }).execute()
          check(me.orgId, await rows(tx).execute(), people)
        }),
      abandoned: (door, me, people) =>
        door.withActor(me, async (tx) => {
          check(me.orgId, await rows(tx).execute(), people)
          throw new Meant()
        }),
      'error inside': (door, me) => door.withActor(me, (tx) => sql`select 1 / (select 0)`.execute(tx)),
      'swallowed error': (door, me) =>
        door.withActor(me, (tx) => sql`select 1 / (select 0)`.execute(tx).catch(() => {})),
      'wrong read': (door, me) => door.readAs(me, (q) => q.selectNoFrom(sql`1 / (select 0)`.as('x'))),
      'wrong statement': (door, me) =>
        door.readAs(me, (q) => q.selectFrom('users').select(sql`nonsense`.as('x'))),
      'wrong organization': (door) => door.readAs({ orgId: 'nonsense', context: '{}' }, (q) => rows(q)),
      'wrong context': (door, me) =>
        door.withActor({ ...me, context: '{' }, (tx) =>
          tx
            .updateTable('users')
            .set({ first_name: String(random()) })
            .execute(),
        ),
      cancelled: (door, me) =>
        door.readAs(me, (q) => q.selectFrom('users').select(sql`pg_sleep(1)::text`.as('x'))),
      'cancelled inside': (door, me) => door.withActor(me, (tx) => sql`select pg_sleep(1)`.execute(tx)),
      killed: (door, me) =>
        door.withActor(me, (tx) => sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx)),
      'no organization': async (door) => {
        const { rows: none } = await door.pool.query('select org_id from users')
        expect(none).toEqual([])
      },
      'many at once': (door, me, people) =>
        Promise.all(
          [1, 2, 3].map(async () => check(me.orgId, await door.readAs(me, (q) => rows(q)), people)),
        ),
    }
    const often = ['read', 'kept read', 'transaction', 'many at once']
    const rare = ['cancelled', 'cancelled inside', 'killed']
    const names = Object.keys(ways).filter((name) => !rare.includes(name))
    const choose = () => {
      const r = random()
      const from = r < 0.5 ? often : r < 0.985 ? names : rare
      return from[Math.floor(random() * from.length)] as string
    }
    const expected = /^(error|swallowed|wrong|cancelled|killed|abandoned)/

    const end = performance.now() + MS
    // a busy machine takes longer over as many
    const enough = () => performance.now() >= end && seen > LEAST && done.size === Object.keys(ways).length
    const worker = async () => {
      while (!enough()) {
        const name = choose()
        const index = Math.floor(random() * orgs.length)
        const orgId = orgs[index]?.id as string
        const door = random() < 0.8 ? db : plain
        const outcome = await ways[name]?.(
          door,
          { orgId, context: JSON.stringify({ org: orgId, via: 'api' }) },
          index + 1,
        ).then(
          () => null,
          (error: Error) => error,
        )
        // writers of one organization wait for each other, on a busy machine beyond the limit
        if (outcome instanceof StatementTimeout && !expected.test(name)) continue
        if (outcome && (!expected.test(name) || /seed|expected/.test(outcome.message))) throw outcome
        if (!outcome && expected.test(name)) throw new Error(`${name} went through`)
        done.set(name, (done.get(name) ?? 0) + 1)
      }
    }
    await Promise.all(Array.from({ length: 8 }, worker))
    await Promise.all([db.close(), plain.close()])

    expect([...done.keys()].sort()).toEqual(Object.keys(ways).sort())
    expect(seen).toBeGreaterThan(LEAST)
    // whatever was written was written at home
    const strays = await owner
      .selectFrom('events')
      .select('id')
      .whereRef('org_id', '<>', 'actor_org_id')
      .where(
        'org_id',
        'in',
        orgs.map(({ id }) => id),
      )
      .execute()
    expect(strays).toEqual([])
  },
  MS * 10,
)
