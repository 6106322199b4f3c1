import { type Kysely, sql } from 'kysely'

/** The audit trail: append-only, written by triggers in the transaction of its cause. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table events (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      actor_org_id uuid,
      actor_user_id uuid,
      impersonator_id uuid,
      via text not null,
      action text not null collate "C",
      target_type text not null collate "C",
      target_id uuid,
      data jsonb not null default '{}',
      reason text,
      request_id text,
      ip inet,
      created_at timestamptz not null default clock_timestamp(),
      updated_at timestamptz not null default now(),
      primary key (org_id, id)
    );
    create index events_by_created on events (org_id, created_at, id);
    create index events_by_target on events (org_id, target_type, target_id, created_at);
    create index events_by_actor on events (org_id, actor_user_id, created_at);
    do $$ begin
      perform app.tenant_table('events', 'select'), app.lookup_may('select, insert', 'events');
    end $$;

    -- Columns are an allow-list: a change of any other makes no event. They stand in the trigger's arguments,
    -- where a test compares them with the catalog. target names the column with the record's id.
    create function app.audited(name text, model text, target text, keys text[], columns text[]) returns void language plpgsql as $body$
    declare
      doc_new text := (select string_agg(format('%L, n.%I', c, c), ', ') from unnest(columns) c);
      doc_old text := (select string_agg(format('%L, o.%I', c, c), ', ') from unnest(columns) c);
      by_keys text := (select string_agg(format('o.%I = n.%I', k, k), ' and ') from unnest(array['org_id'] || keys) k);
      soft boolean := 'deleted_at' = any (columns);
      head text := 'insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, via, reason, request_id, ip, target_type, target_id, action, data)
        select %I.org_id, (ctx ->> ''org'')::uuid, (ctx ->> ''user'')::uuid, (ctx ->> ''impersonator'')::uuid, coalesce(ctx ->> ''via'', ''sql''),
               ctx ->> ''reason'', ctx ->> ''request'', (ctx ->> ''ip'')::inet, ';
      arguments text := (select string_agg(quote_literal(c), ', ') from unnest(columns) c);
    begin
      execute format($f$
        create function app.audit_%1$s() returns trigger language plpgsql security definer
          set search_path = pg_catalog, pg_temp set enable_nestloop = off as $t$
        declare ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
        begin
          if tg_op = 'INSERT' then
            %2$s %4$L, n.%5$I, %4$L || ':create', jsonb_build_object('after', jsonb_strip_nulls(jsonb_build_object(%7$s))) from new_rows n;
          elsif tg_op = 'DELETE' then
            %3$s %4$L, o.%5$I, %4$L || ':delete', jsonb_build_object('before', jsonb_strip_nulls(jsonb_build_object(%8$s))) from old_rows o;
          else
            %2$s %4$L, n.%5$I, %4$L || %9$s,
              jsonb_build_object(
                'before', (select jsonb_object_agg(k, v) from jsonb_each(d.was) e(k, v) where d.becomes -> k <> v),
                'after', (select jsonb_object_agg(k, v) from jsonb_each(d.becomes) e(k, v) where d.was -> k <> v))
            from new_rows n join old_rows o on %6$s,
              lateral (select jsonb_build_object(%8$s) was, jsonb_build_object(%7$s) becomes) d
            where d.was <> d.becomes;
          end if;
          return null;
        end $t$ $f$,
        name, format(head, 'n'), format(head, 'o'), model, target, by_keys, doc_new, doc_old,
        case when soft then
          '(case when n.deleted_at is not null and o.deleted_at is null then '':delete'' when n.deleted_at is null and o.deleted_at is not null then '':restore'' else '':update'' end)'
        else ''':update''' end);
      execute format('create trigger audit_insert after insert on public.%I referencing new table as new_rows
        for each statement execute function app.audit_%s(%s)', name, name, arguments);
      execute format('create trigger audit_update after update on public.%I referencing old table as old_rows new table as new_rows
        for each statement execute function app.audit_%s(%s)', name, name, arguments);
      execute format('create trigger audit_delete after delete on public.%I referencing old table as old_rows
        for each statement execute function app.audit_%s(%s)', name, name, arguments);
      perform app.give_to_lookup(format('app.audit_%s()', name));
    end $body$;
    revoke all on function app.audited(text, text, text, text[], text[]) from public;

    do $$ begin
      perform
        app.audited('users', 'user', 'id', array['id'], array['account_id', 'username', 'email', 'first_name', 'last_name', 'status',
          'locale', 'time_zone', 'email_verified_at', 'owner_user_id', 'owner_group_id', 'created_by', 'deleted_at']),
        app.audited('groups', 'group', 'id', array['id'], array['kind', 'name', 'description', 'parent_id', 'owner_user_id',
          'owner_group_id', 'created_by', 'deleted_at']),
        app.audited('group_members', 'group_member', 'group_id', array['group_id', 'user_id'], array['user_id', 'role']),
        app.audited('permissions', 'permission', 'id', array['id'], array['model', 'action', 'scope', 'description', 'category', 'builtin', 'status']),
        app.audited('roles', 'role', 'id', array['id'], array['name', 'description', 'template', 'builtin', 'status',
          'second_factor_required', 'owner_user_id', 'owner_group_id', 'created_by', 'deleted_at']),
        app.audited('role_parents', 'role_parent', 'role_id', array['role_id', 'parent_id'], array['parent_id']),
        app.audited('role_permissions', 'role_permission', 'role_id', array['role_id', 'permission_id'], array['permission_id']),
        app.audited('user_roles', 'user_role', 'user_id', array['user_id', 'role_id'], array['role_id', 'granted_by', 'reason', 'expires_at']),
        app.audited('sessions', 'session', 'id', array['id'], array['user_id', 'account_id', 'kind', 'impersonator_id', 'second_factor_at',
          'expires_at', 'revoked_at']);
    end $$;

    -- organizations have no org_id: their own id stands in
    create function app.audit_organizations() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    declare ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
    begin
      insert into public.events (org_id, actor_org_id, actor_user_id, via, reason, request_id, target_type, target_id, action, data)
      select n.id, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, coalesce(ctx ->> 'via', 'sql'), ctx ->> 'reason', ctx ->> 'request',
             'organization', n.id, 'organization:update', jsonb_build_object('before', d.was, 'after', d.becomes)
      from new_rows n join old_rows o using (id), lateral (select
        jsonb_build_object('name', o.name, 'slug', o.slug, 'status', o.status, 'settings', o.settings, 'is_default', o.is_default, 'kind', o.kind) was,
        jsonb_build_object('name', n.name, 'slug', n.slug, 'status', n.status, 'settings', n.settings, 'is_default', n.is_default, 'kind', n.kind) becomes) d
      where d.was <> d.becomes;
      return null;
    end $$;
    do $$ begin perform app.give_to_lookup('app.audit_organizations()'); end $$;
    create trigger audit_update after update on organizations referencing old table as old_rows new table as new_rows
      for each statement execute function app.audit_organizations('kind', 'is_default', 'name', 'slug', 'status', 'settings');
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop table events cascade;
    do $$
    declare t record;
    begin
      for t in select c.relname, g.tgname from pg_trigger g join pg_class c on c.oid = g.tgrelid
               where not g.tgisinternal and g.tgname like 'audit\_%' loop
        execute format('drop trigger %I on public.%I', t.tgname, t.relname);
      end loop;
      for t in select p.oid::regprocedure as signature from pg_proc p where p.pronamespace = 'app'::regnamespace and p.proname like 'audit%' loop
        execute 'drop function ' || t.signature;
      end loop;
    end $$;
  `.execute(db)
}
