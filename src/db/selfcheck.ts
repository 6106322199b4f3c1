import type { Pool } from '#src/db/pool.ts'

/** The application's role has more power, or fewer walls, than it should. */
export class UnsafeDatabase extends Error {}

const OLDEST = 150_000

type Facts = {
  version: number
  role: string
  super: boolean
  bypass: boolean
  owns: string[]
  open: string[]
  sets_config: boolean
}

/**
 * Checks the catalog as the application's own role: no superuser, no owner, no BYPASSRLS, and forced row security on
 * every tenant table (one with `org_id`).
 * @returns warnings that don't prevent the start
 * @throws {UnsafeDatabase}
 */
export async function selfCheck(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<Facts>(`
    select current_setting('server_version_num')::int as version, current_user as role,
      r.rolsuper as super, r.rolbypassrls as bypass,
      array(select c.relname::text from pg_class c where c.relowner = r.oid and c.relnamespace = 'public'::regnamespace) as owns,
      array(select c.relname::text from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
        and (c.relname in ('organizations', 'accounts', 'security_events', 'unknown_logins')
          or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped))
        and not (c.relrowsecurity and c.relforcerowsecurity)) as open,
      has_function_privilege('pg_catalog.set_config(text, text, boolean)', 'execute') as sets_config
    from pg_roles r where r.rolname = current_user`)
  const facts = rows[0]
  if (!facts) throw new UnsafeDatabase('The database does not know the role it was asked with.')
  const { version, role, owns, open } = facts
  const wrong = [
    version < OLDEST && 'the server is older than PostgreSQL 15',
    facts.super && `${role} is a superuser`,
    facts.bypass && `${role} bypasses row security`,
    owns.length > 0 && `${role} owns ${owns.join(', ')}`,
    open.length > 0 && `row security is not forced on ${open.join(', ')}`,
  ].filter((reason) => reason !== false)
  if (wrong.length) throw new UnsafeDatabase(`The database is not safe to run on: ${wrong.join('; ')}.`)
  return facts.sets_config
    ? [
        'The server lets everyone call set_config: the wall against an injected change of organization is thinner.',
      ]
    : []
}
