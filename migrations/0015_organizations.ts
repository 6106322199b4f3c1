import { type Kysely, sql } from 'kysely'

/** Organizations have a history, and are suspended and let work again in one step. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- As before, with only what differs, as of every other table.
    create or replace function app.audit_organizations() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    declare ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
    begin
      insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, via, reason, request_id, ip, target_type, target_id, action, data)
      select n.id, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, (ctx ->> 'impersonator')::uuid, coalesce(ctx ->> 'via', 'sql'), ctx ->> 'reason',
             ctx ->> 'request', (ctx ->> 'ip')::inet, 'organization', n.id, 'organization:update', jsonb_build_object(
               'before', (select jsonb_object_agg(k, v) from jsonb_each(d.was) e(k, v) where d.becomes -> k <> v),
               'after', (select jsonb_object_agg(k, v) from jsonb_each(d.becomes) e(k, v) where d.was -> k <> v))
      from new_rows n join old_rows o using (id), lateral (select
        jsonb_build_object('name', o.name, 'slug', o.slug, 'status', o.status, 'settings', o.settings, 'is_default', o.is_default, 'kind', o.kind) was,
        jsonb_build_object('name', n.name, 'slug', n.slug, 'status', n.status, 'settings', n.settings, 'is_default', n.is_default, 'kind', n.kind) becomes) d
      where d.was <> d.becomes;
      return null;
    end $$;

    -- What happened to an organization itself, by its own trail: the newest before a place, one more than a page holds.
    -- Of who did it, only people of the platform are told; of others, that it was somebody.
    create function app.organization_history(target uuid, beyond uuid)
      returns table (id uuid, created_at timestamptz, action text, via text, reason text, request_id text, data jsonb,
        by_somebody boolean, actor_user_id uuid)
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare home uuid := nullif(current_setting('app.org_id', true), '')::uuid;
    begin
      perform app.platform_actor('organization:read:all');
      return query
        select e.id, e.created_at, e.action, e.via, e.reason, e.request_id, e.data, e.actor_user_id is not null,
          case when e.actor_org_id = home then e.actor_user_id end
        from public.events e
        where e.org_id = target and e.target_type = 'organization' and e.target_id = target and (beyond is null or e.id < beyond)
        order by e.id desc limit 51;
    end $$;

    -- From active to suspended and back, by what it is now; answers as app.update_organization does.
    create function app.toggle_organization(target uuid, seen int)
      returns table (id uuid, doc text, version int, stale boolean, unchanged boolean)
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare was text;
    begin
      perform app.platform_actor('organization:update:all');
      select o.status into was from public.organizations o where o.id = target for update;
      return query select * from app.update_organization(target,
        jsonb_build_object('status', case was when 'active' then 'suspended' else 'active' end), seen);
    end $$;

    do $$
    declare f text;
    begin
      foreach f in array array['app.organization_history(uuid, uuid)', 'app.toggle_organization(uuid, int)'] loop
        perform app.give_to_lookup(f), app.give_to_app(f);
      end loop;
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop function app.toggle_organization(uuid, int), app.organization_history(uuid, uuid);
    create or replace function app.audit_organizations() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    declare ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
    begin
      insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, via, reason, request_id, ip, target_type, target_id, action, data)
      select n.id, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, (ctx ->> 'impersonator')::uuid, coalesce(ctx ->> 'via', 'sql'), ctx ->> 'reason',
             ctx ->> 'request', (ctx ->> 'ip')::inet, 'organization', n.id, 'organization:update', jsonb_build_object('before', d.was, 'after', d.becomes)
      from new_rows n join old_rows o using (id), lateral (select
        jsonb_build_object('name', o.name, 'slug', o.slug, 'status', o.status, 'settings', o.settings, 'is_default', o.is_default, 'kind', o.kind) was,
        jsonb_build_object('name', n.name, 'slug', n.slug, 'status', n.status, 'settings', n.settings, 'is_default', n.is_default, 'kind', n.kind) becomes) d
      where d.was <> d.becomes;
      return null;
    end $$;
  `.execute(db)
}
