import { type Kysely, sql } from 'kysely'
import '#src/app.ts'
import { allModels } from '#src/access/model.ts'
import { type Database, lines, list, tables } from '#tests/tenancy/catalog.ts'
import { callable, definers, forDefinersAlone, grants, lookupGrants } from '#tests/tenancy/reviewed.ts'
import { globalTables, globalUniques, withoutKey } from '#tests/tenancy/reviewed-keys.ts'
import { audit, unrecorded } from '#tests/tenancy/sweep-trail.ts'

/** Every wall of a tenant table, by the catalog. */
async function walls(db: Database): Promise<string[]> {
  const rule = (column: string) =>
    `(${column} = (NULLIF(current_setting('app.org_id'::text, true), ''::text))::uuid)`
  return [
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', name, 'has no org_id and is not on the list') from (${tables}) t where not tenant and name not in (${list(globalTables)})`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', name, 'lacks forced row security') from (${tables}) t
      where (tenant or name <> 'rate_limits') and not (relrowsecurity and relforcerowsecurity)`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', name, 'has no tenant policy') from (${tables}) t where (tenant or name = 'organizations') and not exists (
        select from pg_policy p where p.polrelid = t.oid and p.polname = 'tenant' and p.polcmd = '*' and p.polpermissive
          and p.polroles = array[app.role_app()::regrole::oid])`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', p.tablename, p.policyname, p.roles, 'is no reviewed policy') from pg_policies p where p.schemaname = 'public' and not (
        p.permissive = 'PERMISSIVE' and p.cmd = 'ALL' and p.qual = p.with_check and (
          p.policyname = 'tenant' and p.roles = array[app.role_app()]
            and p.qual = case p.tablename when 'organizations' then ${rule('id')} else ${rule('org_id')} end
          or p.policyname = 'owner' and p.roles = array[current_user] and p.qual = 'true'
          or p.policyname = 'lookup' and p.roles = array[app.role_lookup()] and p.qual = 'true'))`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', t.name, 'org_id has not the default app.org_id()') from (${tables}) t
      join pg_attribute a on a.attrelid = t.oid and a.attname = 'org_id'
      left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
      where not a.attnotnull or a.atttypid <> 'uuid'::regtype or pg_get_expr(d.adbin, d.adrelid) is distinct from 'app.org_id()'`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', t.name, c.column_name, 'is missing, or not kept') from (${tables}) t cross join (values ('created_at'), ('updated_at')) c(column_name)
      where t.name <> 'rate_limits' and not exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = c.column_name and a.attnotnull and a.atttypid = 'timestamptz'::regtype)`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', t.name, 'may be updated without updated_at') from (${tables}) t
      where t.tenant and has_table_privilege(app.role_app(), t.oid, 'update') and not exists (
        select from pg_trigger g where g.tgrelid = t.oid and g.tgenabled = 'O' and g.tgfoid in (to_regprocedure('app.touch()'), to_regprocedure('app.stamp()')))`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', t.name, a.attname, 'is a timestamp without zone') from (${tables}) t join pg_attribute a on a.attrelid = t.oid
      where a.atttypid in ('timestamp'::regtype, 'time'::regtype)`,
    )),
  ]
}

/** Keys that lead across organizations. */
async function keys(db: Database): Promise<string[]> {
  return [
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', t.name, 'has no primary key that begins with org_id') from (${tables}) t where tenant and not exists (
        select from pg_index i join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
        where i.indrelid = t.oid and i.indisprimary and i.indnkeyatts > 1 and a.attname = 'org_id')`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', i.indexrelid::regclass, 'is unique beyond organizations') from pg_index i join (${tables}) t on t.oid = i.indrelid
      where i.indisunique and i.indexrelid::regclass::text not in (${list(globalUniques)}) and not exists (
        select from pg_attribute a where a.attrelid = t.oid and a.attnum = i.indkey[0] and a.attname = 'org_id')`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', c.conrelid::regclass, c.conname, 'may lead into another organization') from pg_constraint c
      join (${tables}) f on f.oid = c.conrelid join (${tables}) t on t.oid = c.confrelid
      where c.contype = 'f' and case
        when f.tenant and t.tenant then not (
          (select attname from pg_attribute where attrelid = f.oid and attnum = c.conkey[1]) = 'org_id'
          and (select attname from pg_attribute where attrelid = t.oid and attnum = c.confkey[1]) = 'org_id' and cardinality(c.conkey) > 1)
        when f.tenant then t.name not in ('organizations', 'accounts')
        else t.tenant end`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', t.name, a.attname, 'names a record that no key holds to this organization') from (${tables}) t
      join pg_attribute a on a.attrelid = t.oid and a.attname ~ '_id$' and a.attname <> 'org_id' and a.atttypid = 'uuid'::regtype and not a.attisdropped
      where t.tenant and has_table_privilege(app.role_app(), t.oid, 'insert, update') and t.name || '.' || a.attname not in (${list(withoutKey)})
        and not exists (select from pg_constraint c where c.conrelid = t.oid and c.contype = 'f' and a.attnum = any (c.conkey))`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', c.conrelid::regclass, c.conname, 'nulls org_id') from pg_constraint c join (${tables}) f on f.oid = c.conrelid
      where c.contype = 'f' and c.confdeltype in ('n', 'd') and cardinality(c.conkey) > 1 and (c.confdelsetcols is null or exists (
        select from pg_attribute a where a.attrelid = f.oid and a.attnum = any (c.confdelsetcols) and a.attname = 'org_id'))`,
    )),
  ]
}

const pairs = (map: Readonly<Record<string, string>>) =>
  JSON.stringify(
    Object.entries(map).flatMap(([table, rights]) => rights.split(', ').map((right) => [table, right])),
  )

/** What each role may on tables, columns, schemas and the database, against the reviewed lists. */
async function rights(db: Database): Promise<string[]> {
  const differences = (role: ReturnType<typeof sql>, map: Readonly<Record<string, string>>, who: string) =>
    lines(
      db,
      sql`
      with wanted as (select e ->> 0 as name, upper(e ->> 1) as right from jsonb_array_elements(${pairs(map)}::jsonb) e),
      given as (select c.relname::text as name, a.privilege_type as right from pg_class c, aclexplode(c.relacl) a
        where c.relnamespace in ('public'::regnamespace, 'app'::regnamespace) and a.grantee = ${role}::regrole)
      select concat_ws(' ', ${who}::text, 'has', m.name, m.right) from (table given except table wanted) m
      union all select concat_ws(' ', ${who}::text, 'lacks', l.name, l.right) from (table wanted except table given) l`,
    )
  return [
    ...(await differences(sql`app.role_app()::text`, grants, 'app')),
    ...(await differences(sql`app.role_lookup()::text`, lookupGrants, 'lookup')),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', 'PUBLIC has', a.privilege_type, 'on', c.relname) from pg_class c, aclexplode(c.relacl) a
      where c.relnamespace in ('public'::regnamespace, 'app'::regnamespace) and a.grantee = 0`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', 'there is a grant on the column', a.attrelid::regclass, a.attname) from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'public'::regnamespace and a.attacl is not null`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', 'PUBLIC or app has', a.privilege_type, 'on schema', n.nspname)
      from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
      where n.nspname !~ '^(pg_|information_schema)' and (a.grantee = 0 and not (n.nspname = 'public' and a.privilege_type = 'USAGE')
        or a.grantee = app.role_app()::regrole and a.privilege_type <> 'USAGE')`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', 'PUBLIC or app has', a.privilege_type, 'on the database')
      from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
      where d.datname = current_database() and (a.grantee = 0 or a.grantee = app.role_app()::regrole and a.privilege_type <> 'CONNECT')`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', rolname, 'has too much power') from pg_roles r where rolname in (app.role_app(), app.role_lookup())
        and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or rolcanlogin <> (rolname = app.role_app()))`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', m.member::regrole, 'is a member of', m.roleid::regrole) from pg_auth_members m
      where m.member in (app.role_app()::regrole, app.role_lookup()::regrole)
        or m.roleid in (app.role_app()::regrole, app.role_lookup()::regrole) and m.member <> current_user::regrole`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', 'app owns', d.classid::regclass, d.objid) from pg_shdepend d
      where d.deptype = 'o' and d.refclassid = 'pg_authid'::regclass and d.refobjid = app.role_app()::regrole`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', 'there are default privileges for', a.grantee) from pg_default_acl d, aclexplode(d.defaclacl) a where a.grantee in (0, app.role_app()::regrole)`,
    )),
  ]
}

/** Functions, views and what else stands beside the tables. */
async function functions(db: Database): Promise<string[]> {
  const ours = sql`p.pronamespace in ('public'::regnamespace, 'app'::regnamespace)`
  return [
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', p.oid::regprocedure, 'runs as its owner and is not on the list') from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where p.prosecdef and n.nspname !~ '^(pg_|information_schema)' and p.oid::regprocedure::text not in (${list(definers)})
        and p.oid::regprocedure::text not in (select 'app.audit_' || name || '()' from (${tables}) t)`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', d, 'is on the list and does not exist') from unnest(array[${list(definers)}]::text[]) d where to_regprocedure(d) is null`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', p.oid::regprocedure, 'runs as its owner without a fixed search path, or as somebody else') from pg_proc p where ${ours} and p.prosecdef
        and (not coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), false) or p.proowner <> app.role_lookup()::regrole)`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', 'PUBLIC may call', p.oid::regprocedure) from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where ${ours} and a.grantee = 0`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', 'app may call', p.oid::regprocedure) from pg_proc p where ${ours} and has_function_privilege(app.role_app(), p.oid, 'execute')
        and p.oid::regprocedure::text not in (${list([...definers.filter((name) => !forDefinersAlone.includes(name)), ...callable])})`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', 'app may call', p.oid::regprocedure) from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace
        and p.proname in ('set_config', 'pg_read_file', 'pg_ls_dir', 'lo_import', 'lo_export', 'pg_stat_reset', 'pg_reload_conf', 'pg_read_binary_file')
        and has_function_privilege(app.role_app(), p.oid, 'execute')`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', c.relname, 'is a view that sees as its owner') from pg_class c where c.relnamespace = 'public'::regnamespace
        and (c.relkind = 'v' and not coalesce(c.reloptions @> array['security_invoker=true'] or c.reloptions @> array['security_invoker=on'], false)
          or c.relkind in ('m', 'f'))`,
    )),
    ...(await lines(
      db,
      sql`select concat_ws(' ', extname, 'is an extension that nobody reviewed') from pg_extension where extname <> 'plpgsql'`,
    )),
  ]
}

/** Everything about the schema that should not be; nothing, on a good day. */
export async function sweep(db: Kysely<never>): Promise<string[]> {
  const found = [
    await walls(db),
    await keys(db),
    await rights(db),
    await functions(db),
    await audit(db),
    unrecorded(allModels()),
  ]
  return [...new Set(found.flat())]
}
