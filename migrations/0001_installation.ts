import { type Kysely, sql } from 'kysely'

/**
 * Database roles, the `app` schema and the tools that later migrations build tables with.
 *
 * The two roles carry the database's name, so that several installations share one server. The functions
 * `app.tenant_table`, `app.versioned`, `app.audited` and `app.searchable` are for the owner alone.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    do $$
    declare
      app text := current_database() || '_app';
      lookup text := current_database() || '_lookup';
    begin
      if not exists (select from pg_roles where rolname = app) then
        execute format('create role %I login nosuperuser nocreatedb nocreaterole nobypassrls', app);
      end if;
      if not exists (select from pg_roles where rolname = lookup) then
        execute format('create role %I nologin nosuperuser nocreatedb nocreaterole nobypassrls', lookup);
      end if;
      execute format('grant %I to current_user', lookup);
      execute format('revoke create on schema public from public');
      execute format('revoke all on database %I from public', current_database());
      execute format('grant connect on database %I to %I', current_database(), app);
      execute format('grant usage on schema public to %I, %I', app, lookup);
      execute 'create schema app';
      execute format('grant usage on schema app to %I, %I', app, lookup);
      execute format('alter role %I set lock_timeout = ''5s''', app);
      execute format('alter role %I set idle_in_transaction_session_timeout = ''15s''', app);
      -- of look-ups; entering an organization sets its own
      execute format('alter role %I set statement_timeout = ''15s''', app);
      -- whoever went away without a word holds no lock for long, and lets no statement run on
      execute format('alter role %I set tcp_keepalives_idle = 10', app);
      execute format('alter role %I set tcp_keepalives_interval = 5', app);
      execute format('alter role %I set tcp_keepalives_count = 3', app);
      execute format('alter role %I set tcp_user_timeout = ''15s''', app);
      begin
        execute format('alter role %I set client_connection_check_interval = ''2s''', app);
      -- not every system can tell
      exception when invalid_parameter_value then null;
      end;
      execute format('alter role %I set timezone = ''UTC''', app);
      -- short statements over indexes that are in memory: no spinning disk, no workers to start, nothing to compile
      execute format('alter role %I set random_page_cost = 1.1', app);
      execute format('alter role %I set max_parallel_workers_per_gather = 0', app);
      execute format('alter role %I set jit = off', app);
      -- names of the roles as they were made: a restored or cloned database keeps them
      execute format('create function app.role_app() returns name language sql immutable as %L', format('select %L::name', app));
      execute format('create function app.role_lookup() returns name language sql immutable as %L', format('select %L::name', lookup));
      -- An injected set_config would change the organization. Managed databases may refuse the revoke;
      -- the start-up says so.
      begin
        execute 'revoke execute on function pg_catalog.set_config(text, text, boolean) from public';
        execute format('grant execute on function pg_catalog.set_config(text, text, boolean) to %I, %I', lookup, current_user);
      exception when insufficient_privilege then null;
      end;
    end $$;

    create function app.uuid_v7() returns uuid language plpgsql volatile parallel safe as 'begin return null; end';
    do $$ begin
      if current_setting('server_version_num')::int >= 180000 then
        create or replace function app.uuid_v7() returns uuid language sql volatile parallel safe
          as 'select pg_catalog.uuidv7()';
      else
        create or replace function app.uuid_v7() returns uuid language sql volatile parallel safe as '
          select encode(set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid()) placing
              substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
            52, 1), 53, 1), ''hex'')::uuid';
      end if;
    end $$;

    -- What is compared and sorted: no accents, no case. Plain comparison keeps its index under row security.
    create function app.fold(value text) returns text language sql immutable parallel safe strict as
      $$ select lower(regexp_replace(normalize(value, NFKD), '[\u0300-\u036f]', '', 'g')) collate "C" $$;

    create function app.org_id() returns uuid language sql stable parallel safe as
      $$ select nullif(current_setting('app.org_id', true), '')::uuid $$;

    create function app.user_id() returns uuid language sql stable parallel safe as
      $$ select (nullif(current_setting('app.context', true), '')::jsonb ->> 'user')::uuid $$;

    -- The one way into an organization: settings of this transaction alone, and only once.
    create function app.enter(org uuid, context text, timeout_ms int) returns void
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      if coalesce(current_setting('app.org_id', true), '') <> '' then
        raise exception 'an organization is already entered in this transaction' using errcode = '42501';
      end if;
      perform set_config('app.org_id', org::text, true), set_config('app.context', context, true), set_config('statement_timeout', timeout_ms::text, true);
    end $$;

    -- The same for a transaction that only reads: it can't write, whatever its statement says.
    create function app.enter_to_read(org uuid, context text, timeout_ms int) returns void
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      if coalesce(current_setting('app.org_id', true), '') <> '' then
        raise exception 'an organization is already entered in this transaction' using errcode = '42501';
      end if;
      perform set_config('app.org_id', org::text, true), set_config('app.context', context, true),
        set_config('statement_timeout', timeout_ms::text, true), set_config('transaction_read_only', 'on', true);
    end $$;

    create function app.give_to_lookup(signature text) returns void language plpgsql as $$
    begin
      execute format('revoke all on function %s from public', signature);
      execute format('grant create on schema app to %I', app.role_lookup());
      execute format('alter function %s owner to %I', signature, app.role_lookup());
      execute format('revoke create on schema app from %I', app.role_lookup());
      execute format('grant execute on function %s to current_user', signature);
    end $$;

    create function app.give_to_app(signature text) returns void language plpgsql as $$
    begin
      execute format('grant execute on function %s to %I', signature, app.role_app());
    end $$;

    -- Forced row security with the tenant policy, the owner's own, and the application's grants.
    create function app.tenant_table(name text, grants text default 'select, insert, update, delete', org_column text default 'org_id')
      returns void language plpgsql as $$
    declare rule text := format('%I = nullif(current_setting(''app.org_id'', true), '''')::uuid', org_column);
    begin
      execute format('alter table public.%I enable row level security', name);
      execute format('alter table public.%I force row level security', name);
      execute format('create policy tenant on public.%I to %I using (%s) with check (%s)', name, app.role_app(), rule, rule);
      execute format('create policy owner on public.%I to %I using (true) with check (true)', name, current_user);
      if grants <> '' then execute format('grant %s on public.%I to %I', grants, name, app.role_app()); end if;
      if org_column = 'org_id' then
        execute format('alter table public.%I alter column org_id set default app.org_id()', name);
      end if;
    end $$;

    create function app.lookup_may(grants text, name text) returns void language plpgsql as $$
    begin
      execute format('grant %s on public.%I to %I', grants, name, app.role_lookup());
      if not exists (select from pg_policies where schemaname = 'public' and tablename = name and policyname = 'lookup') then
        execute format('create policy lookup on public.%I to %I using (true) with check (true)', name, app.role_lookup());
      end if;
    end $$;

    create function app.touch() returns trigger language plpgsql as $$
    begin
      new.updated_at := now();
      new.version := old.version + 1;
      return new;
    end $$;

    -- For tables without a version of their own.
    create function app.stamp() returns trigger language plpgsql as $$
    begin
      new.updated_at := now();
      return new;
    end $$;

    -- A change of one of these columns raises the version; others (last_login_at, …) do not.
    create function app.versioned(name text, columns text[]) returns void language plpgsql as $$
    begin
      execute format('create trigger touch before update of %s on public.%I for each row execute function app.touch()',
        (select string_agg(quote_ident(c), ', ') from unnest(columns) c), name);
    end $$;

    do $$ begin
      perform app.give_to_lookup('app.enter(uuid, text, int)'), app.give_to_app('app.enter(uuid, text, int)'),
        app.give_to_lookup('app.enter_to_read(uuid, text, int)'), app.give_to_app('app.enter_to_read(uuid, text, int)');
    end $$;
    revoke all on all functions in schema app from public;
    do $$ begin
      perform app.give_to_app('app.org_id()'), app.give_to_app('app.user_id()'), app.give_to_app('app.uuid_v7()'), app.give_to_app('app.fold(text)');
      execute format('grant execute on function app.org_id(), app.user_id(), app.uuid_v7(), app.fold(text) to %I', app.role_lookup());
    end $$;
  `.execute(db)
}

/** The roles stay: they belong to the server, and other databases may lean on them. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop schema app cascade;
    do $$ begin
      execute 'grant execute on function pg_catalog.set_config(text, text, boolean) to public';
    exception when insufficient_privilege then null;
    end $$;
  `.execute(db)
}
