import { type Kysely, sql } from 'kysely'

/**
 * Database roles and the `app` schema. The two roles carry the database's name, so that several installations share
 * one server. All other functions of the schema are files of `src/db/functions`.
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
      execute 'revoke all on function app.role_app(), app.role_lookup() from public';
      execute format('grant execute on function app.role_app() to %I, %I', app, lookup);
      -- a process that doesn't know the owner still sees whether the schema fits its code
      execute format('grant select on kysely_migration to %I', app);
      -- An injected set_config would change the organization. Managed databases may refuse the revoke;
      -- the start-up says so.
      begin
        execute 'revoke execute on function pg_catalog.set_config(text, text, boolean) from public';
        execute format('grant execute on function pg_catalog.set_config(text, text, boolean) to %I, %I', lookup, current_user);
      exception when insufficient_privilege then null;
      end;
    end $$;
  `.execute(db)
}

/** The roles stay: they belong to the server, and other databases may lean on them. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    do $$ begin execute format('revoke all on kysely_migration from %I', app.role_app()); end $$;
    drop schema app cascade;
    do $$ begin
      execute 'grant execute on function pg_catalog.set_config(text, text, boolean) to public';
    exception when insufficient_privilege then null;
    end $$;
  `.execute(db)
}
