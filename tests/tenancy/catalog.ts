import { type Kysely, sql } from 'kysely'

export type Database = Kysely<never>

/** Runs a query over the catalog that answers one text a row: each is something that should not be. */
export async function lines(db: Database, query: ReturnType<typeof sql>): Promise<string[]> {
  const { rows } = await query.execute(db)
  return rows.map((row) => String(Object.values(row as object)[0]))
}

export const list = (values: readonly string[]) => sql.join(values.length ? values : [''])

/** Tables of ours, and which of them belong to an organization. */
export const tables = sql`
  select c.oid, c.relname::text as name, c.relrowsecurity, c.relforcerowsecurity,
    exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped) as tenant
  from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and c.relname not like 'kysely\\_%'`
