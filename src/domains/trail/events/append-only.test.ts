import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { as } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db, owner: past } = await testDatabase()
const org = await makeOrganization()
const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
await as(boss).patch(`/api${paths.user(boss.id)}`, { first_name: 'Ada' })

const digest = async () =>
  (
    await sql`select count(*), md5(string_agg(e::text, ';' order by id)) from events e where org_id = ${org.id}`.execute(
      past,
    )
  ).rows
const before = await digest()
const actor = { orgId: org.id, context: JSON.stringify({ org: org.id, user: boss.id }) }
/** As an injected statement would run: in the middle of a transaction of somebody. */
const run = (statement: string) => db.withActor(actor, (tx) => sql.raw(statement).execute(tx))

test('there is no way by HTTP', async () => {
  const [line] = await past.selectFrom('events').where('org_id', '=', org.id).select('id').execute()
  for (const method of ['post', 'put', 'patch', 'delete'] as const)
    for (const path of [paths.events, paths.event(line?.id as string)])
      expect((await as(boss)[method](`/api${path}`, {})).status).toBe(405)
  expect(await digest()).toEqual(before)
})

test.each([
  'update events set action = action',
  'update events set updated_at = now()',
  'delete from events',
  'truncate events',
  'truncate events, users cascade',
  "insert into events (via, action, target_type) values ('web', 'user:update', 'user')",
  'with gone as (delete from events returning *) select count(*) from gone',
  'select id from users; delete from events',
  'merge into events e using users u on u.id = e.actor_user_id when matched then delete',
  'alter table events disable row level security',
  'alter table events disable trigger all',
  'alter table users disable trigger audit_update',
  'drop trigger audit_update on users',
  'drop table events',
  'create rule quiet as on insert to events do instead nothing',
  'lock table events',
  'select * from events for update',
  'set local session_replication_role = replica',
  "select app.record_event('user:delete', 'user', null, '{}')",
  `select app.note_event('${org.id}', 'user:delete', null, '{}')`,
  "copy events from program 'true'",
])('the application may not: %s', async (statement) => {
  await expect(run(statement)).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|42601)$/) })
  expect(await digest()).toEqual(before)
})

test('nor does it get the right to', async () => {
  // a grant of what one doesn't hold is a warning, not an error
  await run('grant delete, update on events to current_user').catch(() => {})
  await expect(run('delete from events')).rejects.toMatchObject({ code: '42501' })
  expect(await digest()).toEqual(before)
})

test('the twins: it reads them, and what it writes elsewhere adds to them', async () => {
  const { rows } = await run('select count(*)::int as count from events')
  expect(rows).toEqual([{ count: Number((before[0] as { count: string }).count) }])
  await run(`update users set last_name = 'Boss' where id = '${boss.id}'`)
  const after = await run('select count(*)::int as count from events')
  expect(after.rows).toEqual([{ count: Number((before[0] as { count: string }).count) + 1 }])
})

test('no job takes any away: neither the application nor what its functions run as may', async () => {
  const may = sql<{ right: string }>`select r || ' ' || p as right
    from unnest(array[app.role_app(), app.role_lookup()]) r, unnest(array['select', 'insert', 'update', 'delete', 'truncate']) p
    where has_table_privilege(r, 'public.events', p)`
  const rights = (await may.execute(past)).rows
    .map(({ right }) => right.replace(/^.*_(?=app|lookup)/, ''))
    .sort()
  expect(rights).toEqual(['app select', 'lookup insert', 'lookup select'])
  const takes = sql<{ name: string }>`select proname::text as name from pg_proc
    where pronamespace = 'app'::regnamespace and prosrc ~* '(delete from|update|truncate)( only)? public[.]events'`
  expect((await takes.execute(past)).rows).toEqual([])
})
