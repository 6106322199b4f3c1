import { sql } from 'kysely'
import { afterAll, describe, expect, test } from 'vitest'
import { asSystem } from '#src/access/system.ts'
import { type Acting, Database, type Tx } from '#src/db/database.ts'
import { CommitLost, ForeignKeyViolation, StatementTimeout, UniqueViolation } from '#src/db/errors.ts'
import { makeGroup, makeRole } from '#tests/factories.ts'
import { makePeople, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { appUrl, owner } = await testDatabase()
const fast = new Database(appUrl, { max: 3 })
const plain = new Database(appUrl, { max: 3, oneTrip: false })
afterAll(() => Promise.all([fast.close(), plain.close()]))

const { owner: mine, foreigner } = await makePeople()
const acting = ({ org, id }: Person): Acting => ({
  orgId: org.id,
  context: JSON.stringify({ org: org.id, user: id, via: 'api' }),
})
const me = acting(mine)
const them = acting(foreigner)

const both = [
  ['one trip', fast],
  ['plain', plain],
] as const

const statements: [string, (db: Tx) => unknown, boolean?][] = [
  ['rows', (db) => db.selectFrom('users').select(['id', 'username', 'version', 'created_at']).orderBy('id')],
  ['no rows', (db) => db.selectFrom('users').selectAll().where('id', '=', foreigner.id)],
  [
    'parameters',
    (db) => db.selectFrom('roles').select('name').where('name', 'in', ['owner', 'user']).orderBy('name'),
  ],
  ['a plan that is kept', (db) => db.selectFrom('users').select('email').where('id', '=', mine.id), true],
  [
    'no tables',
    (db) => db.selectNoFrom([sql`null`.as('a'), sql`'{"b":1}'::jsonb`.as('b'), sql`2::bigint`.as('c')]),
  ],
  [
    'the settings',
    (db) =>
      db.selectNoFrom([
        sql`app.org_id()`.as('org'),
        sql`app.user_id()`.as('person'),
        sql`current_setting('statement_timeout')`.as('limit'),
      ]),
  ],
  ['a wrong statement', (db) => db.selectFrom('users').select(sql`nonsense`.as('x'))],
  ['a wrong value', (db) => db.selectFrom('users').select('id').where('id', '=', 'no uuid')],
  ['an error while running', (db) => db.selectNoFrom(sql`1 / (select 0)`.as('x'))],
  ['a table that is not for us', (db) => db.selectFrom('accounts').selectAll()],
  [
    'a write',
    (db) => db.updateTable('users').set({ first_name: 'Written' }).where('id', '=', mine.id).returning('id'),
  ],
  [
    'a write in a part of a read',
    (db) =>
      db
        .with('w', (w) => w.updateTable('users').set({ first_name: 'Written' }).returning('id'))
        .selectFrom('w')
        .select('id'),
  ],
  ['too few parameters', () => ({ sql: 'select $1::int, $2::int', parameters: [1] })],
]

describe('the one trip and the plain transaction', () => {
  test.each(statements)('answer alike: %s', async (_, build, prepared) => {
    const builder = (db: Tx) => {
      const made = build(db) as unknown as { sql?: string }
      return (made.sql ? { compile: () => made } : made) as never
    }
    const ask = (db: Database) =>
      db.readAs(me, builder, { prepared }).then(
        (rows) => ({ rows }),
        ({ code, message }) => ({ code, message }),
      )
    // twice, since the second time finds the statement parsed
    for (const _ of [1, 2]) expect(await ask(fast)).toEqual(await ask(plain))
  })

  test('count what they send', async () => {
    const before = { ...fast.counted }
    await fast.readAs(me, (db) => db.selectFrom('users').select('id'))
    expect(fast.counted).toEqual({ statements: before.statements + 2, roundTrips: before.roundTrips + 1 })
  })

  test.each(both)('a read writes nothing: %s', async (_, db) => {
    const write = db.readAs(me, (q) =>
      q.insertInto('groups').values({ kind: 'team', name: 'by a read' }).returning('id'),
    )
    await expect(write).rejects.toMatchObject({ code: '25006' })
    const read = await db.readAs(me, (q) =>
      q.selectFrom('groups').select('id').where('name', '=', 'by a read'),
    )
    expect(read).toEqual([])
  })
})

describe.each(both)('settings: %s', (_, db) => {
  test('live in their transaction, and die with it', async () => {
    const seen = await db.withActor(me, (tx) => tx.selectFrom('users').select('org_id').distinct().execute())
    expect(seen).toEqual([{ org_id: mine.org.id }])
    await db.readAs(them, (q) => q.selectFrom('users').select('id'))
    for (const _ of [1, 2, 3]) {
      const { rows } = await db.pool.query(
        "select current_setting('app.org_id', true) as org, current_setting('app.context', true) as context, current_setting('statement_timeout') as limit",
      )
      expect(rows[0].org || '').toBe('')
      expect(rows[0].context || '').toBe('')
      expect(rows[0].limit).toBe('15s')
    }
  })

  test('die also with a transaction that failed', async () => {
    await expect(db.withActor(me, (tx) => sql`select 1/0`.execute(tx))).rejects.toMatchObject({
      code: '22012',
    })
    await expect(db.withActor(me, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
    await expect(db.readAs(me, (q) => q.selectNoFrom(sql`1/0`.as('x')))).rejects.toMatchObject({
      code: '22012',
    })
    const { rows } = await db.pool.query(
      "select count(*)::int as n, coalesce(current_setting('app.org_id', true), '') as org from users",
    )
    expect(rows[0]).toEqual({ n: 0, org: '' })
  })
})

describe('a transaction', () => {
  const named = (name: string) => owner.selectFrom('groups').selectAll().where('name', '=', name).execute()
  const add = (tx: Tx, name: string) =>
    tx.insertInto('groups').values({ kind: 'team', name }).returningAll().executeTakeFirstOrThrow()

  test('keeps all of its writes in the organization, or none', async () => {
    const made = await fast.withActor(me, (tx) => add(tx, 'kept'))
    expect(made.org_id).toBe(mine.org.id)
    expect(await named('kept')).toHaveLength(1)
    const broken = fast.withActor(me, async (tx) => {
      await add(tx, 'not kept')
      throw new Error('after the write')
    })
    await expect(broken).rejects.toThrow('after the write')
    expect(await named('not kept')).toEqual([])
  })

  test('enters one organization, once', async () => {
    const again = (tx: Tx) => sql`select app.enter(${them.orgId}, '{}', 0)`.execute(tx)
    await expect(fast.withActor(me, again)).rejects.toMatchObject({ code: '42501' })
    const same = (tx: Tx) => sql`select app.enter(${me.orgId}, '{}', 0)`.execute(tx)
    await expect(fast.withActor(me, same)).rejects.toMatchObject({ code: '42501' })
  })

  test('whose error was swallowed is an error at its commit, and its connection is gone', async () => {
    const one = new Database(appUrl, { max: 1 })
    const pid = async () => (await one.pool.query('select pg_backend_pid() as pid')).rows[0].pid
    const first = await pid()
    const swallowing = one.withActor(me, async (tx) => {
      await add(tx, 'swallowed')
      await sql`select 1/0`.execute(tx).catch(() => {})
      return 'fine'
    })
    await expect(swallowing).rejects.toBeInstanceOf(CommitLost)
    expect(await named('swallowed')).toEqual([])
    expect(await pid()).not.toBe(first)
    // and a good one keeps its connection
    const second = await pid()
    expect(await one.withActor(me, async () => 'fine')).toBe('fine')
    expect(await pid()).toBe(second)
    await one.close()
  })

  test('leaves a dead handle behind', async () => {
    let leaked: Tx | undefined
    await fast.withActor(me, async (tx) => {
      leaked = tx
      await tx.selectFrom('users').select('id').execute()
    })
    await expect((leaked as Tx).selectFrom('users').select('id').execute()).rejects.toThrow(/has ended/)
    await expect((leaked as Tx).transaction().execute(async () => {})).rejects.toThrow()
  })

  test('does not begin another', async () => {
    await expect(fast.withActor(me, (tx) => tx.transaction().execute(async () => 1))).rejects.toThrow(
      /already in/,
    )
  })

  test('of nobody says its reason in the trail', async () => {
    const { id } = await asSystem(fast, mine.org.id, 'a test', (tx) => add(tx, 'by nobody'))
    const trail = await owner.selectFrom('events').selectAll().where('target_id', '=', id).execute()
    expect(trail).toMatchObject([
      { via: 'system', reason: 'a test', actor_user_id: null, org_id: mine.org.id },
    ])
  })
})

describe('another organization', () => {
  test('is not pointed into', async () => {
    const [group, role] = await Promise.all([makeGroup(foreigner.org), makeRole(foreigner.org)])
    const own = await makeGroup(mine.org)
    await fast.withActor(me, (tx) =>
      tx.insertInto('group_members').values({ group_id: own, user_id: mine.id }).execute(),
    )
    const attempts: ((tx: Tx) => Promise<unknown>)[] = [
      (tx) => tx.insertInto('group_members').values({ group_id: group, user_id: mine.id }).execute(),
      (tx) => tx.insertInto('group_members').values({ group_id: own, user_id: foreigner.id }).execute(),
      (tx) => tx.insertInto('user_roles').values({ user_id: mine.id, role_id: role }).execute(),
      (tx) => tx.insertInto('groups').values({ kind: 'team', name: 'beneath', parent_id: group }).execute(),
      (tx) => tx.updateTable('users').set({ owner_group_id: group }).where('id', '=', mine.id).execute(),
    ]
    for (const attempt of attempts)
      await expect(fast.withActor(me, attempt)).rejects.toBeInstanceOf(ForeignKeyViolation)
  })

  test('may have the same names, and says nothing of them', async () => {
    const name = { kind: 'team', name: 'Twins' } as const
    const add = (tx: Tx) => tx.insertInto('groups').values(name).execute()
    await fast.withActor(me, add)
    await fast.withActor(them, add)
    await expect(fast.withActor(them, add)).rejects.toBeInstanceOf(UniqueViolation)
    expect(await owner.selectFrom('groups').select('id').where('name', '=', 'Twins').execute()).toHaveLength(
      2,
    )
  })

  test('does not get our rows, nor we theirs', async () => {
    const give = (tx: Tx) =>
      tx.updateTable('users').set({ org_id: them.orgId }).where('id', '=', mine.id).execute()
    await expect(fast.withActor(me, give)).rejects.toMatchObject({ code: '42501' })
    const make = (tx: Tx) =>
      tx.insertInto('groups').values({ org_id: them.orgId, kind: 'team', name: 'Trojan' }).execute()
    await expect(fast.withActor(me, make)).rejects.toMatchObject({ code: '42501' })
    const take = (tx: Tx) =>
      tx
        .updateTable('users')
        .set({ org_id: me.orgId })
        .where('id', '=', foreigner.id)
        .returning('id')
        .execute()
    expect(await fast.withActor(me, take)).toEqual([])
  })
})

test('a statement has its time limit, by both ways', async () => {
  const quick = new Database(appUrl, { max: 2, timeoutMs: 100 })
  const slow = sql`(select pg_sleep(3)::text)`.as('slept')
  const began = performance.now()
  await expect(quick.readAs(me, (q) => q.selectNoFrom(slow))).rejects.toBeInstanceOf(StatementTimeout)
  await expect(quick.withActor(me, (tx) => tx.selectNoFrom(slow).execute())).rejects.toBeInstanceOf(
    StatementTimeout,
  )
  expect(performance.now() - began).toBeLessThan(1500)
  expect(await quick.readAs(me, (q) => q.selectNoFrom(sql<number>`1`.as('one')))).toEqual([{ one: 1 }])
  await quick.close()
})
