import { randomBytes } from 'node:crypto'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isCurrent, migrate, migrateToLatest, SchemaError } from '#src/db/migrate.ts'
import { ownerDatabase } from '#src/db/owner.ts'
import { bringFunctions, readFunctions } from '#src/db/sql-functions.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner, ownerUrl, appUrl } = await testDatabase()
const name = `${new URL(ownerUrl).pathname.slice(1)}_functions_${randomBytes(2).toString('hex')}`
const url = Object.assign(new URL(ownerUrl), { pathname: `/${name}` }).href
const db = ownerDatabase(url)
const run = (text: string) => sql.raw(text).execute(db)

/** Of a function as it is: its text, whose it is, who may call it. */
async function seen(of: string): Promise<{ args: string; text: string; owner: string; callers: string[] }[]> {
  const { rows } = await sql<{ args: string; text: string; owner: string; callers: string[] }>`
    select pg_get_function_identity_arguments(p.oid) as args, p.prosrc as text, p.proowner::regrole::text as owner,
      array(select a.grantee::regrole::text from aclexplode(p.proacl) a where a.grantee <> p.proowner order by 1) as callers
    from pg_proc p where p.pronamespace = 'app'::regnamespace and p.proname = ${of}`.execute(db)
  return rows
}

beforeAll(async () => {
  await sql.raw(`create database ${name} template template0`).execute(owner)
  // of several processes at once, one does it
  const processes = [db, ...Array.from({ length: 3 }, () => ownerDatabase(url))]
  const taken = await Promise.all(processes.map(migrateToLatest))
  expect(taken.map((steps) => steps.length).sort((x, y) => x - y)).toEqual([0, 0, 0, 10])
  await Promise.all(processes.slice(1).map((one) => one.destroy()))
})

afterAll(async () => {
  await db.destroy()
  await sql.raw(`drop database ${name} with (force)`).execute(owner)
  await sql.raw(`drop role if exists ${name}_app, ${name}_lookup`).execute(owner)
})

test('every function of the schema is one of a file, or made with a table', async () => {
  const { rows } = await sql<{ name: string }>`
    select p.proname as name from pg_proc p where p.pronamespace = 'app'::regnamespace and not exists (
      select from pg_trigger g where g.tgfoid = p.oid and g.tgrelid <> 'organizations'::regclass
        and p.proname in ('audit_' || g.tgrelid::regclass, 'search_' || g.tgrelid::regclass, 'tag_' || g.tgrelid::regclass))`.execute(
    owner,
  )
  const files = readFunctions().map((one) => one.name)
  // these two bear the name of the database
  expect(rows.map((row) => row.name).sort()).toEqual([...files, 'role_app', 'role_lookup'].sort())
})

describe('a start', () => {
  test('asks once where nothing changed', async () => {
    const asked: string[] = []
    const pool = new pg.Pool({ connectionString: url })
    const counting = new Kysely<unknown>({
      dialect: new PostgresDialect({ pool }),
      log: ({ query }) => {
        asked.push(query.sql)
      },
    })
    expect(await migrateToLatest(counting)).toEqual([])
    expect(asked).toHaveLength(1)
    await counting.destroy()
  })

  test('sees as the application whether the functions are those of its code', async () => {
    const application = ownerDatabase(appUrl)
    expect(await isCurrent(application)).toBe(true)
    await application.destroy()
  })

  test('puts a text right that is another, with its owner and who may call it', async () => {
    const [before] = await seen('rights')
    await run(`create or replace function app.rights(org uuid, person uuid) returns jsonb language sql as 'select null::jsonb';
      comment on function app.rights is 'src/db/functions/access/rights.sql of another time';
      alter function app.rights owner to current_user;
      grant execute on function app.rights to public, ${name}_app`)
    expect(await isCurrent(db)).toBe(false)
    expect(await migrateToLatest(db)).toEqual([])
    expect(await seen('rights')).toEqual([before])
    expect(before).toMatchObject({
      owner: `${name}_lookup`,
      callers: [expect.not.stringContaining(`${name}_app`)],
    })
    expect(await isCurrent(db)).toBe(true)
  })

  test('leaves one function of a name whose arguments or answer changed', async () => {
    const before = await seen('language_of')
    await run(`drop function app.language_of;
      create function app.language_of(account uuid, much text) returns int language sql as 'select 1';
      comment on function app.language_of is 'before'`)
    await migrateToLatest(db)
    expect(before).toHaveLength(1)
    expect(await seen('language_of')).toEqual(before)
  })

  test('replaces in its place what a table leans on', async () => {
    const before = await seen('fold')
    await run(`create or replace function app.fold(value text) returns text language sql immutable as 'select value';
      comment on function app.fold is 'before'`)
    await migrateToLatest(db)
    expect(await seen('fold')).toEqual(before)
  })

  test('takes away what no file makes any more, and nothing else', async () => {
    await run(`create function app.of_old() returns int language sql as 'select 1';
      comment on function app.of_old is 'src/db/functions/of_old.sql';
      create function app.of_somebody() returns int language sql as 'select 1'`)
    await migrateToLatest(db)
    expect(await seen('of_old')).toEqual([])
    expect(await seen('of_somebody')).toHaveLength(1)
    await run('drop function app.of_somebody()')
  })

  test('takes a migration back with a function that fails: all or nothing', async () => {
    await run(`create function app.of_old() returns int language sql as 'select 1';
      comment on function app.of_old is 'src/db/functions/of_old.sql';
      create view leaning as select app.of_old() as one`)
    const down = migrate(db, (one) => one.migrateDown())
    await expect(down).rejects.toThrow(/^A function failed: cannot drop function app\.of_old/)
    await expect(down).rejects.toBeInstanceOf(SchemaError)
    await run('select 1 from api_keys limit 1')
    await run('drop view leaning; drop function app.of_old()')
    expect(await isCurrent(db)).toBe(true)
  })

  test('says which function is wrong, and changes nothing', async () => {
    const wrong = readFunctions().map((one) =>
      one.name === 'rights'
        ? { ...one, text: one.text.replace('begin', 'begin begin'), comment: 'new' }
        : one.name === 'fold'
          ? { ...one, comment: 'new, too' }
          : one,
    )
    const tried = db.transaction().execute((tx) => bringFunctions(tx, wrong, true))
    await expect(tried).rejects.toThrow(/^app\.rights: syntax error/)
    expect(await isCurrent(db)).toBe(true)
  })
})

describe('a database of', () => {
  const NEWER = /^The database is newer than this version of Ambit: upgrade Ambit, or restore a backup\.$/
  const OTHER = /^The database was made by an earlier commit,.* delete the data folder \(DATA_DIR/

  async function refused(change: string, back: string): Promise<Error> {
    await run(change)
    const error = await migrateToLatest(db).then(
      () => new Error('it was taken'),
      (thrown) => thrown,
    )
    await run(back)
    expect(error).toBeInstanceOf(SchemaError)
    expect(await isCurrent(db)).toBe(true)
    return error
  }

  test('a later version is refused', async () => {
    const later = "insert into kysely_migration values ('99_later', now()::text)"
    const error = await refused(later, "delete from kysely_migration where name = '99_later'")
    expect(error.message).toMatch(NEWER)
  })

  test('an earlier commit is refused: with migrations of other names, or of other texts', async () => {
    const named = "insert into kysely_migration values ('0013_words', now()::text)"
    const error = await refused(named, "delete from kysely_migration where name = '0013_words'")
    expect(error.message).toMatch(OTHER)
    const { rows } = await sql<{ kept: string }>`
      select obj_description('kysely_migration'::regclass) as kept`.execute(db)
    const kept = rows[0]?.kept ?? ''
    const set = (text: string) => `comment on table kysely_migration is '${text}'`
    for (const other of [kept.replace(/:"./, ':"-'), '{}'])
      expect((await refused(set(other), set(kept))).message).toMatch(OTHER)
  })
})
