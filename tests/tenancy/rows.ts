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
