import pg from 'pg'
import { describe, expect, test } from 'vitest'
import type { Pool } from '#src/db/pool.ts'
import { selfCheck, UnsafeDatabase } from '#src/db/selfcheck.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { ownerUrl } = await testDatabase()
const app = new URL((await testDatabase()).appUrl).username

/** What the start says of the database after a change, which is taken back; asked as the application's role. */
async function checkedAfter(change: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    await client.query('begin')
    if (change) await client.query(change)
    await client.query(`set local role ${app}`)
    return await selfCheck(client as unknown as Pool)
  } finally {
    await client.query('rollback')
    await client.end()
  }
}

describe('the start', () => {
  test('goes on where every wall stands, without a remark', async () => {
    expect(await checkedAfter('')).toEqual([])
  })

  test.each([
    [
      'a table without forced row security',
      'alter table users no force row level security',
      'not forced on users',
    ],
    [
      'a table without row security',
      'alter table api_keys disable row level security',
      'not forced on api_keys',
    ],
    ['accounts without it', 'alter table accounts no force row level security', 'not forced on accounts'],
    ['a new table that nobody thought of', 'create table vendors (org_id uuid)', 'not forced on vendors'],
    ['a role that bypasses row security', `alter role ${app} bypassrls`, 'bypasses row security'],
    ['a superuser', `alter role ${app} superuser`, 'is a superuser'],
    ['a role that owns a table', `alter table search_words owner to ${app}`, 'owns search_words'],
  ])('refuses %s', async (_, change, reason) => {
    const refused = checkedAfter(change)
    await expect(refused).rejects.toBeInstanceOf(UnsafeDatabase)
    await expect(refused).rejects.toThrow(reason)
  })

  test('remarks that everybody may call set_config, and goes on', async () => {
    const given = 'grant execute on function pg_catalog.set_config(text, text, boolean) to public'
    expect(await checkedAfter(given)).toEqual([expect.stringContaining('set_config')])
  })
})
