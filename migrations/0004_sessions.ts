import { type Kysely, sql } from 'kysely'

/** Sessions, the counters of rate limits, and the notices by which every process drops cached rights. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table sessions (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      account_id uuid references accounts on delete cascade,
      user_id uuid not null,
      kind text not null check (kind in ('browser', 'token', 'impersonation')),
      token_hash bytea not null unique,
      ip inet,
      user_agent text not null default '',
      idle_timeout interval not null,
      second_factor_at timestamptz,
      impersonator_id uuid,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      last_seen_at timestamptz not null default now(),
      expires_at timestamptz not null,
      revoked_at timestamptz,
      version int not null default 1,
      primary key (org_id, id),
      foreign key (org_id, user_id) references users (org_id, id) on delete cascade
    );
    create index sessions_by_seen on sessions (org_id, last_seen_at, id);
    create index sessions_by_created on sessions (org_id, created_at, id);
    create index sessions_by_expires on sessions (org_id, expires_at, id);
    create index sessions_by_user on sessions (org_id, user_id, last_seen_at);
    create index sessions_by_kind on sessions (org_id, kind, last_seen_at, id);
    create index sessions_id on sessions (id);
    create index sessions_account on sessions (account_id);

    create unlogged table rate_limits (key text primary key, points int not null default 0, expire bigint);

    do $$ begin
      perform app.tenant_table('sessions', 'select, update, delete'),
        app.versioned('sessions', array['expires_at', 'revoked_at', 'second_factor_at']),
        app.lookup_may('select, insert, update', 'sessions');
      execute format('grant select, insert, update, delete on rate_limits to %I', app.role_app());
    end $$;

    -- Who must look again: 'u:<user>', 'a:<account>', 's:<session>' or 'o:<organization>'.
    create function app.notify_rights(payloads text[], org uuid) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      if cardinality(payloads) > 50 and org is not null then
        perform pg_notify('rights', 'o:' || org);
      else
        perform pg_notify('rights', payload) from unnest(payloads) payload;
      end if;
    end $$;

    -- Before and after are joined by hash: a kept plan with loops would take the square of the rows.
    -- A version rises with the record and with the roles and groups attached to it.
    create function app.rights_of_users() returns trigger language plpgsql
      set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
    begin
      perform app.notify_rights(array_agg('u:' || o.id), (array_agg(o.org_id))[1])
      from old_rows o left join new_rows n using (org_id, id)
      where n.version is distinct from o.version
      having count(*) > 0;
      return null;
    end $$;
    create function app.rights_of_deleted_users() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.notify_rights(array_agg('u:' || o.id), (array_agg(o.org_id))[1]) from old_rows o having count(*) > 0;
      return null;
    end $$;
    create function app.rights_of_organization() returns trigger language plpgsql
      set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
    begin
      perform pg_notify('rights', 'o:' || o.org_id)
      from (select distinct o.org_id from old_rows o left join new_rows n using (org_id, id) where n.version is distinct from o.version) o;
      return null;
    end $$;
    create function app.rights_of_deleted() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      perform pg_notify('rights', 'o:' || o.org_id) from (select distinct org_id from old_rows) o;
      return null;
    end $$;
    create function app.rights_of_groups() returns trigger language plpgsql
      set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
    begin
      perform pg_notify('rights', 'o:' || o.org_id)
      from (select distinct o.org_id from old_rows o join new_rows n using (org_id, id)
            where (n.parent_id, n.deleted_at) is distinct from (o.parent_id, o.deleted_at)) o;
      return null;
    end $$;
    create function app.rights_of_new_groups() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      perform pg_notify('rights', 'o:' || n.org_id) from (select distinct org_id from new_rows where parent_id is not null) n;
      return null;
    end $$;
    create function app.rights_of_accounts() returns trigger language plpgsql
      set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
    begin
      perform pg_notify('rights', 'a:' || o.id) from old_rows o join new_rows n using (id) where n.status <> o.status;
      return null;
    end $$;
    create function app.rights_of_sessions() returns trigger language plpgsql
      set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
    begin
      perform app.notify_rights(array_agg('s:' || o.id), (array_agg(o.org_id))[1])
      from old_rows o join new_rows n using (org_id, id)
      where (n.revoked_at, n.expires_at, n.second_factor_at) is distinct from (o.revoked_at, o.expires_at, o.second_factor_at)
      having count(*) > 0;
      return null;
    end $$;
    create function app.rights_of_deleted_sessions() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.notify_rights(array_agg('s:' || o.id), (array_agg(o.org_id))[1]) from old_rows o having count(*) > 0;
      return null;
    end $$;
    create function app.rights_of_organizations() returns trigger language plpgsql
      set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
    begin
      perform pg_notify('rights', 'o:' || o.id) from old_rows o join new_rows n using (id) where n.version <> o.version;
      return null;
    end $$;

    create trigger rights_update after update on users referencing old table as old_rows new table as new_rows for each statement execute function app.rights_of_users();
    create trigger rights_delete after delete on users referencing old table as old_rows for each statement execute function app.rights_of_deleted_users();
    create trigger rights_update after update on roles referencing old table as old_rows new table as new_rows for each statement execute function app.rights_of_organization();
    create trigger rights_delete after delete on roles referencing old table as old_rows for each statement execute function app.rights_of_deleted();
    create trigger rights_update after update on permissions referencing old table as old_rows new table as new_rows for each statement execute function app.rights_of_organization();
    create trigger rights_delete after delete on permissions referencing old table as old_rows for each statement execute function app.rights_of_deleted();
    create trigger rights_insert after insert on groups referencing new table as new_rows for each statement execute function app.rights_of_new_groups();
    create trigger rights_update after update on groups referencing old table as old_rows new table as new_rows for each statement execute function app.rights_of_groups();
    create trigger rights_delete after delete on groups referencing old table as old_rows for each statement execute function app.rights_of_deleted();
    create trigger rights_update after update on accounts referencing old table as old_rows new table as new_rows for each statement execute function app.rights_of_accounts();
    create trigger rights_update after update on sessions referencing old table as old_rows new table as new_rows for each statement execute function app.rights_of_sessions();
    create trigger rights_delete after delete on sessions referencing old table as old_rows for each statement execute function app.rights_of_deleted_sessions();
    create trigger rights_update after update on organizations referencing old table as old_rows new table as new_rows for each statement execute function app.rights_of_organizations();

    revoke all on all functions in schema app from public;
    do $$ begin
      perform app.give_to_app('app.notify_rights(text[], uuid)');
      execute format('grant execute on function app.notify_rights(text[], uuid) to %I', app.role_lookup());
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop table sessions, rate_limits cascade;
    do $$
    declare t record;
    begin
      for t in select c.relname, g.tgname from pg_trigger g join pg_class c on c.oid = g.tgrelid
               where not g.tgisinternal and g.tgname like 'rights\_%' loop
        execute format('drop trigger %I on public.%I', t.tgname, t.relname);
      end loop;
    end $$;
    drop function app.rights_of_users(), app.rights_of_deleted_users(), app.rights_of_organization(), app.rights_of_deleted(),
      app.rights_of_groups(), app.rights_of_new_groups(), app.rights_of_accounts(), app.rights_of_sessions(),
      app.rights_of_deleted_sessions(), app.rights_of_organizations(), app.notify_rights(text[], uuid);
  `.execute(db)
}
