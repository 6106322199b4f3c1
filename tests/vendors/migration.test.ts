import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { expect, test } from 'vitest'
import { testDatabase } from '#tests/setup/database.ts'
import { sweep } from '#tests/tenancy/sweep.ts'
import { down, up } from '#tests/vendors/migration.ts'

const { owner } = await testDatabase()
const db = owner as unknown as Kysely<never>
const schema = owner as unknown as Kysely<unknown>
const named = async () => {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class where relname like '%vendor%'
    union all select proname from pg_proc where proname like '%vendor%'`.execute(db)
  return rows
}

test('a plain entity is three files of at most 80 lines together', async () => {
  const files = ['migration.ts', 'model.ts', 'routes.ts']
  const texts = await Promise.all(files.map((name) => readFile(join(import.meta.dirname, name), 'utf8')))
  expect(texts.reduce((sum, text) => sum + text.trimEnd().split('\n').length, 0)).toBeLessThanOrEqual(80)
})

test('its table has every wall, and goes without a trace', async () => {
  expect(await named()).toEqual([])
  await up(schema)
  // what a reviewer has to say of it: the rights of the application, and the column that the database makes
  expect((await sweep(db)).filter((line) => /vendor/.test(line)).sort()).toEqual([
    ...['INSERT', 'SELECT', 'UPDATE'].map((right) => `app has vendors ${right}`),
    'vendors sort_name is neither audited nor ignored',
  ])
  await down(schema)
  expect(await named()).toEqual([])
})

test('its list has an index for every sort, alone, with each filter, and of what is deleted', async () => {
  await up(schema)
  const { rows } = await sql<{
    indexdef: string
  }>`select indexdef from pg_indexes where tablename = 'vendors'`.execute(db)
  const indexes = rows.map(({ indexdef }) =>
    /\(([^)]*)\)( WHERE .*)?$/.exec(indexdef)?.slice(1).join('').replaceAll('"', ''),
  )
  for (const sort of ['sort_name', 'created_at']) {
    for (const filter of ['', 'kind, ', 'preferred, '])
      expect(indexes).toContain(`org_id, ${filter}${sort}, id WHERE (deleted_at IS NULL)`)
    expect(indexes).toContain(`org_id, ${sort}, id WHERE (deleted_at IS NOT NULL)`)
  }
  await down(schema)
})
