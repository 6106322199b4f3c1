import { type Kysely, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { grants, links, namedByTarget, notAudited, takenAway } from '#tests/tenancy/reviewed.ts'
import { sweep } from '#tests/tenancy/sweep.ts'
import { unrecorded } from '#tests/tenancy/sweep-trail.ts'

const { owner, db } = await testDatabase()
const catalog = owner as unknown as Kysely<never>

test('the catalog holds every wall', async () => {
  expect(await sweep(catalog)).toEqual([])
})

test('what decides who reaches a record leaves an event when it changes', () => {
  const model = { name: 'thing', table: 'things', own: ['owner_user_id'] }
  const way = { table: 'thing_groups', key: 'thing_id', of: 'id', column: 'group_id', begins: 'begins_at' }
  const said = (columns: string[], exempt: string[] = []) =>
    unrecorded([{ ...model, group: ['owner_group_id', way] }], exempt, columns).map(
      (line) => line.split(' decides')[0],
    )
  expect(said([])).toEqual([])
  expect(said(['things.title', 'thing_groups.note'], ['mails'])).toEqual([])
  expect(said(['things.owner_user_id'])).toEqual(['things owner_user_id'])
  expect(said(['things.owner_group_id'])).toEqual(['things owner_group_id'])
  expect(said(['thing_groups.group_id', 'thing_groups.begins_at'])).toEqual([
    'thing_groups group_id',
    'thing_groups begins_at',
  ])
  expect(said([], ['thing_groups'])).toHaveLength(3)
  expect(said([], ['things'])).toHaveLength(3)
})

describe('the application deletes for good', () => {
  test('links, whose events have all of them, and what is no record', async () => {
    const { rows } = await sql<{ name: string }>`select c.relname::text as name from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and has_table_privilege(app.role_app(), c.oid, 'delete')
      order by c.relname`.execute(owner)
    expect(rows.map(({ name }) => name)).toEqual([...links, ...Object.keys(takenAway)].sort())
    const lost = notAudited.filter((column) => links.includes(column.split('.')[0] as string))
    expect(lost.filter((column) => !namedByTarget.includes(column))).toEqual([])
  })

  test('no record, and no session', async () => {
    const { org, colleague } = await makePeople()
    const acting = { orgId: org.id, context: JSON.stringify({ org: org.id, user: colleague.id }) }
    const run = (text: string) => db.withActor(acting, (tx) => sql.raw(text).execute(tx))
    for (const name of ['users', 'groups', 'roles', 'invitations', 'sessions', 'events', 'organizations'])
      await expect(run(`delete from ${name}`), name).rejects.toMatchObject({ code: '42501' })
    for (const name of links) await run(`delete from ${name} where false`)
    await run(`update users set deleted_at = now() where id = '${colleague.id}'`)
  })
})

class Undone extends Error {}

/** What the sweep says after a change, which is taken back. */
async function sweptAfter(change: string): Promise<string[]> {
  let found: string[] = []
  const attempt = catalog.transaction().execute(async (tx) => {
    await sql.raw(change).execute(tx)
    found = await sweep(tx)
    throw new Undone()
  })
  await expect(attempt).rejects.toBeInstanceOf(Undone)
  return found
}

const asRole = (text: string) => `do $do$ begin execute format($f$${text}$f$, app.role_app()); end $do$`

describe('the sweep sees', () => {
  test.each([
    [
      'row security that is not forced',
      'alter table users no force row level security',
      /^users lacks forced/m,
    ],
    ['row security that is off', 'alter table groups disable row level security', /^groups lacks forced/m],
    ['a table without organization', 'create table vendors (id uuid primary key)', /^vendors has no org_id/m],
    [
      'a table without walls',
      'create table vendors (org_id uuid, id uuid)',
      /^vendors has no tenant policy/m,
    ],
    ['a policy for everybody', 'create policy extra on users using (true)', /users extra .*reviewed policy/],
    [
      'a policy more for the application',
      asRole('create policy mine on users to %I using (true) with check (true)'),
      /users mine .*reviewed/,
    ],
    ['a wider tenant policy', 'alter policy tenant on users using (true)', /users tenant .*reviewed policy/],
    ['a lost tenant policy', 'drop policy tenant on roles', /^roles has no tenant policy/m],
    [
      'a unique key of all organizations',
      'create unique index leak on users (email) where false',
      /^leak is unique beyond/m,
    ],
    [
      'a reference to an organization’s row without it',
      'alter table roles add constraint r_id unique (id); alter table role_parents add constraint loose foreign key (parent_id) references roles (id)',
      /role_parents loose may lead/,
    ],
    [
      'a reference that nothing holds',
      'alter table role_parents drop constraint role_parents_org_id_parent_id_fkey',
      /^role_parents parent_id names a record/m,
    ],
    [
      'a reference that nulls org_id',
      'alter table groups add constraint nulls foreign key (org_id, created_by) references users (org_id, id) on delete set null',
      /groups nulls nulls org_id/,
    ],
    ['org_id without default', 'alter table events alter org_id drop default', /^events org_id has not/m],
    [
      'a table without updated_at',
      'alter table group_members drop updated_at',
      /^group_members updated_at is missing/m,
    ],
    [
      'a table whose updated_at stands still',
      'drop trigger stamp on group_members',
      /^group_members may be updated without/m,
    ],
    ['a grant to the application', asRole('grant insert on events to %I'), /^app has events INSERT/m],
    ['a grant of truncate', asRole('grant truncate on users to %I'), /^app has users TRUNCATE/m],
    [
      'a grant of a column',
      asRole('grant select (password_hash) on accounts to %I'),
      /column accounts password_hash/,
    ],
    ['a grant to PUBLIC', 'grant select on accounts to public', /^PUBLIC has SELECT on accounts/m],
    ['a right that is missing', asRole('revoke update on users from %I'), /^app lacks users UPDATE/m],
    [
      'something that the application owns',
      asRole('alter table search_words owner to %I'),
      /^app owns pg_class/m,
    ],
    ['an application with power', asRole('alter role %I bypassrls'), /has too much power/],
    [
      'an application in another role',
      "do $$ begin execute format('grant %I to %I', app.role_lookup(), app.role_app()); end $$",
      /_app is a member of/,
    ],
    [
      'temporary tables',
      "do $$ begin execute format('grant temp on database %I to public', current_database()); end $$",
      /has TEMPORARY on the database/,
    ],
    [
      'a definer function',
      'create function app.all_users() returns bigint language sql security definer as $$ select count(*) from public.users $$',
      /app.all_users\(\) runs as its owner and is not/,
    ],
    [
      'a search path that is open',
      'alter function app.rights_of(uuid) reset search_path',
      /rights_of\(uuid\) runs as its owner without/,
    ],
    [
      'a function for everybody',
      'grant execute on function app.rights(uuid, uuid) to public',
      /PUBLIC may call app.rights/,
    ],
    [
      'rights of any organization',
      asRole('grant execute on function app.rights(uuid, uuid) to %I'),
      /^app may call app.rights\(uuid,uuid\)/m,
    ],
    [
      'set_config',
      'grant execute on function set_config(text, text, boolean) to public',
      /^app may call set_config/m,
    ],
    ['a view of the owner', 'create view people as select * from users', /^people is a view that sees/m],
    [
      'a materialized view',
      'create materialized view people as select * from users',
      /^people is a view that sees/m,
    ],
    [
      'a table without trail',
      'drop trigger audit_update on roles',
      /^roles is written without audit_update/m,
    ],
    [
      'a trail that is switched off',
      'alter table users disable trigger audit_insert',
      /^users is written without audit_insert/m,
    ],
    [
      'a new column',
      'alter table users add column salary int',
      /^users salary is neither audited nor ignored/m,
    ],
  ] as [string, string, RegExp][])('%s', async (_, change, expected) => {
    expect((await sweptAfter(change)).join('\n')).toMatch(expected)
  })

  test('a column that the trail only claims to keep', async () => {
    const change = `drop trigger audit_update on users; create trigger audit_update after update on users
      referencing old table as old_rows new table as new_rows for each statement execute function app.audit_users('username', 'sort_name')`
    expect(await sweptAfter(change)).toContain('users sort_name is said to be audited and is not')
  })
})

describe('where no organization is entered', () => {
  const tenant = Object.keys(grants).filter((name) => !['rate_limits', 'kysely_migration'].includes(name))

  /** Which making people writes no row of. */
  const unfilled = [
    'permission_uses',
    'role_parents',
    'api_keys',
    'idempotency_keys',
    'imports',
    'invitations',
  ]

  test('nothing sees a row, and nothing complains', async () => {
    await makePeople()
    for (const name of tenant) {
      const seen = sql<{ n: number }>`select count(*)::int as n from ${sql.table(name)}`
      expect((await seen.execute(owner)).rows[0]?.n, `${name} as the owner`).toBeGreaterThan(
        unfilled.includes(name) ? -1 : 0,
      )
      const { rows } = await db.pool.query(`select count(*)::int as n from ${name}`)
      expect(rows[0].n, name).toBe(0)
    }
  })

  test('a setting that was used once reads as empty, and still shows nothing', async () => {
    const { org } = await makePeople()
    const client = await db.pool.connect()
    try {
      await client.query('begin')
      await client.query('select app.enter($1, $2, 0)', [org.id, '{}'])
      const inside = await client.query('select count(*)::int as n from users')
      expect(inside.rows[0].n).toBeGreaterThan(5)
      await client.query('commit')
      const { rows } = await client.query(
        "select current_setting('app.org_id', true) as org, (select count(*)::int from users) as n",
      )
      expect(rows[0]).toEqual({ org: '', n: 0 })
    } finally {
      client.release()
    }
  })

  test.each(['accounts', 'unknown_logins', 'security_events'])(
    '%s is not for the application at all',
    async (name) => {
      await expect(db.pool.query(`select from ${name}`)).rejects.toMatchObject({ code: '42501' })
    },
  )

  test('nothing can be written without an organization', async () => {
    const insert = db.pool.query("insert into groups (kind, name) values ('team', 'nobody')")
    await expect(insert).rejects.toMatchObject({ code: '42501' })
  })
})
