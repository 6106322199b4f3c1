import { type Kysely, sql } from 'kysely'

/** Organizations are managed from the platform organization: found, made, renamed, suspended. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- Words of a name begin behind a blank; ASCII and typographic punctuation separates them.
    alter table organizations
      add column sort_name text not null collate "C" generated always as (app.fold(name)) stored,
      add column search_name text not null collate "C" generated always as
        (' ' || regexp_replace(app.fold(name) || ' ' || slug, '[ -/:-@[-\`{-~\u2010-\u2027]+', ' ', 'g')) stored;
    -- partial, so that it is no key: a change of one would wait for whatever is being written in it, and that for the change
    create unique index organizations_name on organizations (sort_name) where name <> '';
    create index organizations_by_name on organizations (sort_name, id);
    create index organizations_by_created on organizations (created_at, id);

    do $$ begin
      perform app.lookup_may('insert, update', 'organizations'), app.lookup_may('insert', 'permissions'),
        app.lookup_may('insert, update', 'roles'), app.lookup_may('insert', 'role_permissions'),
        app.lookup_may('insert', 'user_roles'), app.lookup_may('select, insert, delete', 'search_words');
    end $$;

    -- What only a definer function changes, whatever statement the application was brought to run.
    create function app.refuse_application() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      if current_user = app.role_app() then
        raise exception 'the application does not change this by itself' using errcode = '42501';
      end if;
      return coalesce(new, old);
    end $$;
    create trigger fixed before update on organizations for each row
      when ((new.kind, new.slug, new.status, new.is_default) is distinct from (old.kind, old.slug, old.status, old.is_default))
      execute function app.refuse_application();

    -- As before, with the address and who acts for whom.
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

    -- An organization as JSON, for rows that the caller may see; it counts people up to a thousand.
    create function app.organization_json(o public.organizations) returns text language sql stable as $$
      select row_to_json(record)::text from (
        select o.id, o.kind, o.name, o.slug, o.status, o.is_default, o.settings,
          least(n.people, 1000) as users, n.people > 1000 as users_is_lower_bound, o.created_at, o.updated_at, o.version
        from (select count(*)::int as people from (
          select from public.users u where u.org_id = o.id and u.deleted_at is null limit 1001) counted) n) record
    $$;

    -- Built-in permissions and roles as the code declares them, for one organization or all. A permission that is new
    -- goes into the templates that have it; what somebody took out of a role stays out.
    create function app.seed_access(place uuid, access jsonb) returns void language sql volatile as $$
      with places as (
        select id as org_id, kind from public.organizations where place is null or id = place
      ), fresh as (
        insert into public.permissions (org_id, model, action, scope, description, category, builtin)
        select o.org_id, p.model, p.action, p.scope, p.description, p.model, true
        from places o cross join jsonb_to_recordset(access -> 'permissions') p(model text, action text, scope text, description text)
        on conflict (org_id, model, action, scope) do nothing
        returning org_id, id, code
      ), new_roles as (
        insert into public.roles (org_id, name, description, template, builtin)
        select o.org_id, r.name, r.description, r.name, true
        from places o cross join jsonb_to_recordset(access -> 'roles') r(name text, description text)
        where (r.name <> 'superadmin' or o.kind = 'platform')
          and not exists (select from public.roles e where e.org_id = o.org_id and e.builtin and e.template = r.name)
        on conflict do nothing
        returning org_id, id, template
      ), all_roles as (
        select org_id, id, template from new_roles
        union all
        select r.org_id, r.id, r.template from public.roles r join places o using (org_id) where r.builtin
      )
      insert into public.role_permissions (org_id, role_id, permission_id)
      select r.org_id, r.id, p.id
      from all_roles r
      join jsonb_to_recordset(access -> 'held') h(role text, code text) on h.role = r.template
      join fresh p on p.org_id = r.org_id and p.code = h.code
      on conflict do nothing
    $$;

    -- Who acts, where they are at home in the platform organization and hold one of the permissions now.
    create function app.platform_actor(variadic permissions text[]) returns uuid
      language plpgsql stable set search_path = pg_catalog, pg_temp as $$
    declare
      ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
      org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
      person uuid := (ctx ->> 'user')::uuid;
    begin
      if (ctx ->> 'org')::uuid = org
        and exists (select from public.organizations o join public.users u on u.org_id = o.id
          where o.id = org and o.kind = 'platform' and o.status = 'active' and u.id = person and u.status = 'active' and u.deleted_at is null)
        and app.rights(org, person) -> 'permissions' ?| permissions
      then
        return person;
      end if;
      raise exception 'not for this organization or this person' using errcode = '42501';
    end $$;

    -- What no trigger sees, in the trail of one organization.
    create function app.note_event(place uuid, name text, about uuid, details jsonb, because text default null) returns void
      language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    declare ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
    begin
      insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, via, reason, request_id, ip, action, target_type, target_id, data)
      values (place, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, (ctx ->> 'impersonator')::uuid, coalesce(ctx ->> 'via', 'sql'),
        coalesce(because, ctx ->> 'reason'), ctx ->> 'request', (ctx ->> 'ip')::inet, name, 'organization', about, details);
    end $$;

    -- A page by keyset in the direction that is walked, with the total up to one past the cap of lists.
    create function app.list_organizations(words text[], statuses text[], sort_column text, descending boolean,
        beyond_key text, beyond_id uuid, most int, skip int) returns table (id uuid, key text, doc text, total int)
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare
      matching text := 'from public.organizations o where o.search_name like all ($1) and ($2 is null or o.status = any ($2))';
    begin
      perform app.platform_actor('organization:read:all');
      if sort_column not in ('sort_name', 'created_at') then raise exception 'no such order' using errcode = '22023'; end if;
      return query execute format(
        'select o.id, o.%1$I::text, app.organization_json(o), (select count(*)::int from (select %2$s limit 10001) counted)
         %2$s and ($3 is null or (o.%1$I, o.id) %3$s ($3::%4$s, $4)) order by o.%1$I %5$s, o.id %5$s limit $5 offset $6',
        sort_column, matching, case when descending then '<' else '>' end,
        case sort_column when 'created_at' then 'timestamptz' else 'text' end, case when descending then 'desc' else 'asc' end)
      using array(select '% ' || app.fold(w) || '%' from unnest(words) w), statuses, beyond_key, beyond_id, most, skip;
    end $$;

    -- For whoever changes it, too: they see it in its form.
    create function app.read_organization(target uuid) returns table (doc text, version int)
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.platform_actor('organization:read:all', 'organization:update:all');
      return query select app.organization_json(o), o.version from public.organizations o where o.id = target;
    end $$;

    -- With its permissions, roles and owner; without a password the owner is invited.
    create function app.create_organization(title text, place_slug text, owner jsonb, access jsonb)
      returns table (id uuid, doc text, version int)
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare made public.organizations; account uuid; chief uuid; hash text := owner ->> 'password_hash';
    begin
      perform app.platform_actor('organization:create:all');
      insert into public.organizations (name, slug) values (title, place_slug) returning * into made;
      perform app.seed_access(made.id, access);
      insert into public.accounts (username, email, password_hash, password_given, password_changed_at, managed_by_org_id, last_org_id)
      values (owner ->> 'username', owner ->> 'email', hash, hash is not null, case when hash is not null then now() end, made.id, made.id)
      returning accounts.id into account;
      insert into public.users (org_id, account_id, username, email, status)
      values (made.id, account, owner ->> 'username', owner ->> 'email', case when hash is null then 'invited' else 'active' end)
      returning users.id into chief;
      insert into public.user_roles (org_id, user_id, role_id)
      select made.id, chief, r.id from public.roles r where r.org_id = made.id and r.builtin and r.template = 'owner';
      perform app.note_event(place, 'organization:create', made.id,
          jsonb_build_object('after', jsonb_build_object('name', made.name, 'slug', made.slug, 'owner', owner ->> 'username')))
      from unnest(array[nullif(current_setting('app.org_id', true), '')::uuid, made.id]) place;
      return query select made.id, app.organization_json(made), made.version;
    end $$;

    -- Changes what is named. The row as it stands comes back where the version that was seen is another one.
    create function app.update_organization(target uuid, change jsonb, seen int)
      returns table (id uuid, doc text, version int, stale boolean, unchanged boolean)
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare was public.organizations; becomes public.organizations; differing jsonb;
      org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
    begin
      perform app.platform_actor('organization:update:all');
      select * into was from public.organizations o where o.id = target for update;
      if was.id is null then return; end if;
      if was.version <> seen then
        return query select was.id, app.organization_json(was), was.version, true, false;
        return;
      end if;
      select jsonb_object_agg(k, v) into differing from jsonb_each(change) e(k, v)
      where k in ('name', 'slug', 'status', 'settings') and to_jsonb(was) -> k <> v;
      if differing is null then
        return query select was.id, app.organization_json(was), was.version, false, true;
        return;
      end if;
      if was.kind = 'platform' and change ->> 'status' = 'suspended' then
        raise exception 'the platform organization stays active' using errcode = '23514', constraint = 'organizations_platform_active';
      end if;
      update public.organizations o set name = coalesce(change ->> 'name', o.name), slug = coalesce(change ->> 'slug', o.slug),
        status = coalesce(change ->> 'status', o.status), settings = coalesce(change -> 'settings', o.settings)
      where o.id = target returning * into becomes;
      -- the organization's own trail has it by its trigger
      if org <> target then
        perform app.note_event(org, 'organization:update', target, jsonb_build_object('after', differing, 'before',
          (select jsonb_object_agg(k, to_jsonb(was) -> k) from jsonb_object_keys(differing) k)));
      end if;
      return query select becomes.id, app.organization_json(becomes), becomes.version, false, false;
    end $$;

    revoke all on function app.refuse_application(), app.organization_json(organizations), app.seed_access(uuid, jsonb),
      app.platform_actor(text[]), app.note_event(uuid, text, uuid, jsonb, text) from public;
    do $$
    declare f text;
    begin
      perform app.give_to_app('app.organization_json(organizations)'), app.give_to_app('app.role_app()');
      execute format('grant execute on function app.role_app(), app.organization_json(organizations), app.seed_access(uuid, jsonb),
        app.platform_actor(text[]), app.note_event(uuid, text, uuid, jsonb, text) to %I', app.role_lookup());
      foreach f in array array['app.list_organizations(text[], text[], text, boolean, text, uuid, int, int)', 'app.read_organization(uuid)',
        'app.create_organization(text, text, jsonb, jsonb)', 'app.update_organization(uuid, jsonb, int)'] loop
        perform app.give_to_lookup(f), app.give_to_app(f);
      end loop;
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop function app.update_organization(uuid, jsonb, int), app.create_organization(text, text, jsonb, jsonb), app.read_organization(uuid),
      app.list_organizations(text[], text[], text, boolean, text, uuid, int, int), app.note_event(uuid, text, uuid, jsonb, text),
      app.platform_actor(text[]), app.seed_access(uuid, jsonb), app.organization_json(organizations);
    create or replace function app.audit_organizations() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
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
    drop trigger fixed on organizations;
    drop function app.refuse_application();
    drop policy lookup on search_words;
    do $$ begin
      execute format('revoke insert, update on organizations from %I', app.role_lookup());
      execute format('revoke insert on permissions, role_permissions, user_roles from %I', app.role_lookup());
      execute format('revoke insert, update on roles from %I', app.role_lookup());
      execute format('revoke all on search_words from %I', app.role_lookup());
      execute format('revoke execute on function app.role_app() from %I, %I', app.role_app(), app.role_lookup());
    end $$;
    drop index organizations_name, organizations_by_name, organizations_by_created;
    alter table organizations drop column sort_name, drop column search_name;
  `.execute(db)
}
