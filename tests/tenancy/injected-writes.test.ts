import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Acting, Database, type Tx } from '#src/db/database.ts'
import { sessionOf } from '#tests/factories.ts'
import { makePeople, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { rowsOf } from '#tests/tenancy/rows.ts'

const { appUrl, owner } = await testDatabase()
const db = new Database(appUrl, { max: 2, timeoutMs: 2000 })
const plain = new Database(appUrl, { max: 1, oneTrip: false })
const { owner: mine, foreigner } = await makePeople()
const foreign = foreigner.org.id
const foreignSession = await sessionOf(foreigner.token)
const me: Acting = { orgId: mine.org.id, context: JSON.stringify({ org: mine.org.id, user: mine.id }) }

let before: string[]
beforeAll(async () => {
  before = await rowsOf(foreign)
  expect(before.length).toBeGreaterThan(100)
})
afterAll(async () => {
  expect(await rowsOf(foreign)).toEqual(before)
  await Promise.all([db.close(), plain.close()])
})

describe('cannot write', () => {
  const attempts: [string, string][] = [
    ['an update', `update users set first_name = 'owned' where org_id = '${foreign}'`],
    ['a delete', `delete from users where org_id = '${foreign}'`],
    ['a delete of everything else', `delete from group_members where org_id <> '${mine.org.id}'`],
    ['an insert', `insert into groups (org_id, kind, name) values ('${foreign}', 'team', 'owned')`],
    [
      'an upsert',
      `insert into users (org_id, id, username, email) values ('${foreign}', '${foreigner.id}', 'owned', 'owned') on conflict (org_id, id) do update set username = 'owned'`,
    ],
    [
      'a session',
      `insert into sessions (org_id, user_id, kind, token_hash, idle_timeout, expires_at) values (app.org_id(), '${mine.id}', 'token', '\\x00', '1 day', now() + interval '1 day')`,
    ],
    ['an event', `insert into events (via, action, target_type) values ('api', 'forged', 'user')`],
    ['the end of the trail', 'delete from events'],
    ['another past', `update events set action = 'nothing'`],
    ['truncate', 'truncate users cascade'],
    ['a temporary table', 'create temporary table stolen as select * from users'],
    ['a table', 'create table public.stolen (id int)'],
    ['a function', 'create function public.steal() returns int language sql as $$ select 1 $$'],
    ['row security off', 'alter table users disable row level security'],
    ['another role', 'set role ambit_lookup'],
    ['another user', 'set session authorization postgres'],
    ['a copy to a program', `copy users to program 'cat'`],
    ['a copy to a file', `copy users to '/tmp/stolen'`],
    ['code', 'do $$ begin update accounts set password_hash = null; end $$'],
    ['another policy', 'create policy mine on users using (true)'],
    ['one’s own role', 'alter role current_user bypassrls'],
    ['settings, through their view', `update pg_settings set setting = '1' where name = 'statement_timeout'`],
    [
      'our setting, through that view',
      `update pg_settings set setting = '${foreign}' where name = 'app.org_id'`,
    ],
    ['triggers off', `alter table users disable trigger all`],
    ['being the platform', `update organizations set kind = 'platform'`],
    ['being the default', 'update organizations set is_default = true'],
    ['another short name', `update organizations set slug = 'owned'`],
    [
      'a shadow of one’s own',
      `insert into users (username, email, deleted_at, shadow_of_org_id, shadow_of_user_id) values ('s', 's', now(), '${foreign}', '${foreigner.id}')`,
    ],
    [
      'becoming a shadow',
      `update users set account_id = null, deleted_at = now(), shadow_of_org_id = '${foreign}', shadow_of_user_id = '${foreigner.id}' where id = '${mine.id}'`,
    ],
    ['a way out for somebody else', `select app.leave_organization('${foreignSession}')`],
    ['moving a session', `update sessions set org_id = '${foreign}'`],
    [
      'a way back for a session',
      `update sessions set home_org_id = '${foreign}', home_user_id = '${foreigner.id}', home_expires_at = now()`,
    ],
  ]

  test.each(attempts)('%s', async (_, statement) => {
    const run = async (tx: Tx) => {
      const done = await sql.raw(statement).execute(tx)
      const whose = await tx.selectFrom('users').select('org_id').distinct().execute()
      expect(whose).toEqual([{ org_id: mine.org.id }])
      return done
    }
    const result = await db.withActor(me, run).then(
      ({ numAffectedRows }) => `${numAffectedRows ?? 0} rows`,
      (error: { code?: string }) => error.code,
    )
    expect(['0 rows', '42501', '22023', '25006']).toContain(result)
    expect(await rowsOf(foreign)).toEqual(before)
  })

  test('even with row security off for the session', async () => {
    const look = db.withActor(me, async (tx) => {
      await sql`set local row_security = off`.execute(tx)
      return tx.selectFrom('users').select('id').execute()
    })
    await expect(look).rejects.toMatchObject({ code: '42501' })
  })
})

describe('every statement goes by the extended protocol', () => {
  test.each([
    ['one without parameters', 'select 1; select 2'],
    ['one that hides behind a comment', 'select 1 /* ; */; set app.org_id = default'],
  ])('%s', async (_, text) => {
    await expect(db.withActor(me, (tx) => sql.raw(text).execute(tx))).rejects.toMatchObject({ code: '42601' })
    const builder = () =>
      ({ compile: () => ({ sql: text, parameters: [], query: {}, queryId: {} }) }) as never
    for (const door of [db, plain])
      await expect(door.readAs(me, builder)).rejects.toMatchObject({ code: '42601' })
  })

  test('the positive twin', async () => {
    const one = await db.withActor(me, (tx) => sql<{ one: number }>`select 1 as one`.execute(tx))
    expect(one.rows).toEqual([{ one: 1 }])
    for (const door of [db, plain])
      expect(await door.readAs(me, (q) => q.selectNoFrom(sql`1`.as('one')))).toEqual([{ one: 1 }])
  })
})

test('who asks is what the trail says, not what a body says', async () => {
  const forged: Person['id'] = foreigner.id
  const made = await db.withActor(me, (tx) =>
    tx
      .insertInto('groups')
      .values({ kind: 'team', name: 'whose', created_by: mine.id })
      .returning('id')
      .executeTakeFirstOrThrow(),
  )
  const [event] = await owner.selectFrom('events').selectAll().where('target_id', '=', made.id).execute()
  expect(event).toMatchObject({ actor_user_id: mine.id, org_id: mine.org.id })
  expect(event?.actor_user_id).not.toBe(forged)
})
