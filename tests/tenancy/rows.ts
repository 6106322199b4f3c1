import { sql } from 'kysely'
import { testDatabase } from '#tests/setup/database.ts'
import { grants } from '#tests/tenancy/reviewed.ts'

const { owner } = await testDatabase()

/** Every row of an organization, with the transaction that wrote it: equal only if nothing at all was written. */
export async function rowsOf(orgId: string, without: readonly string[] = []): Promise<string[]> {
  const names = Object.keys(grants).filter(
    (name) => !['rate_limits', 'kysely_migration', ...without].includes(name),
  )
  const all = names.map((name) => {
    const key = sql.ref(name === 'organizations' ? 'id' : 'org_id')
    return sql`select ${sql.lit(name)} || ' ' || t.xmin || ' ' || t::text as line from ${sql.table(name)} t where ${key} = ${orgId}`
  })
  const { rows } = await sql<{ line: string }>`${sql.join(all, sql` union all `)} order by line`.execute(
    owner,
  )
  return rows.map(({ line }) => line)
}

/** The id of one row of every table where an organization has any, but of its people and sessions. */
export async function oneOfEach(orgId: string): Promise<Record<string, string>> {
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.columns
    where table_schema = 'public' and column_name in ('org_id', 'id') and table_name in (${sql.join(Object.keys(grants))})
      and table_name not in ('users', 'sessions') group by table_name having count(*) = 2`.execute(owner)
  const found: [string, string][] = []
  for (const { name } of tables) {
    const { rows } = await sql<{ id: string }>`
      select id from ${sql.table(name)} where org_id = ${orgId} limit 1`.execute(owner)
    if (rows[0]) found.push([name, rows[0].id])
  }
  return Object.fromEntries(found)
}
