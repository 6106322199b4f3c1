import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { generate, getDialect } from 'kysely-codegen'
import { expect, test } from 'vitest'
import { root } from '#src/config.ts'
import { migrate, migrateToLatest, migrator } from '#src/db/migrate.ts'
import { ownerDatabase } from '#src/db/owner.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { functionTypes } from '../../bin/function-types.ts'

const { owner, ownerUrl } = await testDatabase()

/** The schema in words, a line each: what `up` after `down` must bring back. */
async function dump(db: Kysely<unknown>, name: string): Promise<string[]> {
  const spaces = sql`(select oid from pg_namespace where nspname in ('public', 'app'))`
  const { rows } = await sql<{ line: string }>`
    with tables as (select * from pg_class c where c.relnamespace in ${spaces} and c.relname !~ '^kysely_' and c.relkind in ('r', 'p', 'v', 'm', 'S'))
    select concat_ws(' ', 'table', t.relname, t.relkind, t.relpersistence, t.relrowsecurity, t.relforcerowsecurity, t.relowner::regrole) as line from tables t
    union all select concat_ws(' ', 'grant', t.relname, a.grantee::regrole, a.privilege_type) from tables t, aclexplode(t.relacl) a
    union all select concat_ws(' ', 'column', t.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated,
      a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid))
      from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
    union all select concat_ws(' ', 'constraint', t.relname, c.conname, pg_get_constraintdef(c.oid)) from tables t join pg_constraint c on c.conrelid = t.oid
    union all select concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid)) from tables t join pg_index i on i.indrelid = t.oid
    union all select concat_ws(' ', 'trigger', pg_get_triggerdef(g.oid), g.tgenabled) from tables t join pg_trigger g on g.tgrelid = t.oid where not tgisinternal
    union all select concat_ws(' ', 'policy', p.tablename, p.policyname, p.roles, p.cmd, p.qual, p.with_check) from pg_policies p where p.schemaname = 'public'
    union all select concat_ws(' ', 'function', pg_get_functiondef(p.oid), p.proowner::regrole) from pg_proc p where p.pronamespace in ${spaces}
    union all select concat_ws(' ', 'execute', p.oid::regprocedure, a.grantee::regrole) from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where p.pronamespace in ${spaces}
    union all select concat_ws(' ', 'schema', n.nspname, a.grantee::regrole, a.privilege_type) from pg_namespace n, aclexplode(n.nspacl) a where n.oid in ${spaces}
    union all select 'set_config is for everybody' from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where p.oid = 'pg_catalog.set_config'::regproc and a.grantee = 0
    order by line`.execute(db)
  return rows.map(({ line }) => line.replaceAll(name, 'DATABASE'))
}

test('every step goes back, and forth again to the same schema', async () => {
  const name = `${new URL(ownerUrl).pathname.slice(1)}_steps_${randomBytes(2).toString('hex')}`
  await sql.raw(`create database ${name} template template0`).execute(owner)
  const db = ownerDatabase(Object.assign(new URL(ownerUrl), { pathname: `/${name}` }).href)
  try {
    const steps = await migrator(db).getMigrations()
    const states: string[][] = [await dump(db, name)]
    for (const _ of steps) {
      await migrate(db, (one) => one.migrateUp())
      states.push(await dump(db, name))
    }
    expect(new Set(states.map((state) => state.join('\n'))).size).toBe(steps.length + 1)
    for (const [index, step] of [...steps.entries()].reverse()) {
      await migrate(db, (one) => one.migrateDown())
      // the roles stay, and with them what they may in the schema public
      const known = index === 0 ? (line: string) => !line.startsWith('schema public') : () => true
      expect((await dump(db, name)).filter(known), `after ${step.name} down`).toEqual(
        states[index]?.filter(known),
      )
    }
    await migrateToLatest(db)
    expect(await dump(db, name)).toEqual(states.at(-1))
    // and the tests' own database, which was cloned, is the same again
    const own = new URL(ownerUrl).pathname.slice(1).replace(/_[0-9a-f]+$/, '')
    expect(await dump(owner as Kysely<unknown>, own)).toEqual(states.at(-1))
  } finally {
    await db.destroy()
    await sql.raw(`drop database ${name} with (force)`).execute(owner)
    await sql.raw(`drop role if exists ${name}_app, ${name}_lookup`).execute(owner)
  }
})

test('the types of the tables are those of the schema', async () => {
  const read = (path: string) => readFile(join(root, path), 'utf8')
  const { dateParser, outFile, ...options } = JSON.parse(await read('.kysely-codegenrc.json'))
  const made = await generate({
    ...options,
    db: owner as never,
    dialect: getDialect('postgres', { dateParser }),
    outFile: undefined,
  })
  expect(made.trim()).toBe((await read(outFile)).trim())
})

test('the calls of the functions are those of the schema', async () => {
  const made = await functionTypes(owner as Kysely<unknown>)
  expect(await readFile(join(root, 'src/db/functions.ts'), 'utf8')).toBe(made)
})
