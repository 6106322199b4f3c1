import { type Kysely, sql } from 'kysely'

/** Superadmins of the platform organization enter other organizations, as shadow users. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- A shadow user stands in an organization for somebody who entered it. It is never among its people: it bears
    -- deleted_at from the beginning, which every list, key and rule already passes over.
    alter table users
      add column shadow_of_org_id uuid,
      add column shadow_of_user_id uuid,
      add constraint users_shadow_whole check (num_nonnulls(shadow_of_org_id, shadow_of_user_id) in (0, 2)),
      add constraint users_shadow_apart check (shadow_of_user_id is null or (deleted_at is not null and account_id is null));
    create unique index users_shadow on users (org_id, shadow_of_user_id) where shadow_of_user_id is not null;

    -- An entered session lies in the organization that was entered, and remembers where it came from.
    alter table sessions
      add column home_org_id uuid,
      add column home_user_id uuid,
      add column home_expires_at timestamptz,
      add constraint sessions_home_whole check (num_nonnulls(home_org_id, home_user_id, home_expires_at) in (0, 3));
    create index sessions_home on sessions (home_org_id, home_user_id) where home_user_id is not null;

    create trigger shadow_insert before insert on users for each row
      when (new.shadow_of_user_id is not null) execute function app.refuse_application();
    create trigger shadow_update before update on users for each row
      when (new.shadow_of_user_id is not null or old.shadow_of_user_id is not null) execute function app.refuse_application();
    create trigger shadow_delete before delete on users for each row
      when (old.shadow_of_user_id is not null) execute function app.refuse_application();

    -- An entered session leads back to the platform: nothing of it changes but that it is used, or ends early.
    create trigger entered before update on sessions for each row
      when ((old.home_org_id is not null or new.home_org_id is not null)
        and (new.org_id, new.account_id, new.user_id, new.kind, new.token_hash, new.idle_timeout, new.impersonator_id, new.expires_at,
          new.home_org_id, new.home_user_id, new.home_expires_at)
        is distinct from (old.org_id, old.account_id, old.user_id, old.kind, old.token_hash, old.idle_timeout, old.impersonator_id, old.expires_at,
          old.home_org_id, old.home_user_id, old.home_expires_at))
      execute function app.refuse_application();

    -- Who is disabled or deleted at home has no session left elsewhere.
    create function app.end_entered_sessions() returns trigger
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      update public.sessions s set revoked_at = now()
      where s.home_org_id = new.org_id and s.home_user_id = new.id and s.revoked_at is null;
      return null;
    end $$;
    create trigger end_entered after update of status, deleted_at on users for each row
      when (old.status = 'active' and old.deleted_at is null and (new.status <> 'active' or new.deleted_at is not null))
      execute function app.end_entered_sessions();

    -- Whose row a column of the organization names: in one that was entered, the shadow.
    create or replace function app.user_id() returns uuid language sql stable parallel safe as
      $$ select (coalesce(c ->> 'shadow', c ->> 'user'))::uuid from (select nullif(current_setting('app.context', true), '')::jsonb) context(c) $$;

    -- As before, with the groups that the person leads; a shadow has every active permission. Two hundred roles take little
    -- longer than one: each step is one look into an index with all that the step before found.
    create or replace function app.rights(org uuid, person uuid) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare level uuid[]; held uuid[] := '{}'; off uuid[]; codes jsonb; until timestamptz;
    begin
      if exists (select from public.users u where u.org_id = org and u.id = person and u.shadow_of_user_id is not null) then
        return jsonb_build_object(
          'permissions', (select coalesce(jsonb_agg(p.code), '[]') from public.permissions p where p.org_id = org and p.status = 'active'),
          'readGroups', '[]'::jsonb, 'writeGroups', '[]'::jsonb, 'leadGroups', '[]'::jsonb, 'until', null);
      end if;
      select array_agg(ur.role_id), min(ur.expires_at) into level, until from public.user_roles ur
      where ur.org_id = org and ur.user_id = person and (ur.expires_at is null or ur.expires_at > now());
      while level is not null loop
        -- what is disabled or deleted gives nothing and passes nothing on; there is little of it, so that it is looked for
        select array_agg(r.id) into off from public.roles r
        where r.org_id = org and r.id = any (level) and (r.status <> 'active' or r.deleted_at is not null);
        if off is not null then
          select array_agg(id) into level from unnest(level) id where id <> all (off);
        end if;
        held := held || level;
        select array_agg(distinct p.parent_id) into level from public.role_parents p
        where p.org_id = org and p.role_id = any (level) and p.parent_id <> all (held);
      end loop;
      select jsonb_agg(p.code) into codes from public.permissions p
      where p.org_id = org and p.status = 'active' and p.id in (
        select rp.permission_id from public.role_permissions rp where rp.org_id = org and rp.role_id = any (held));
      return (
        with recursive mine(id, writes, leads) as (
          select g.id, m.role <> 'viewer', m.role = 'lead'
          from public.group_members m join public.groups g on g.org_id = org and g.id = m.group_id
          where m.org_id = org and m.user_id = person and g.deleted_at is null
          union
          select g.id, m.writes, m.leads from mine m join public.groups g on g.org_id = org and g.parent_id = m.id
          where g.deleted_at is null
        )
        select jsonb_build_object(
          'permissions', coalesce(codes, '[]'),
          'readGroups', coalesce((select jsonb_agg(distinct id) from mine), '[]'),
          'writeGroups', coalesce((select jsonb_agg(distinct id) from mine where writes), '[]'),
          'leadGroups', coalesce((select jsonb_agg(distinct id) from mine where leads), '[]'),
          'until', until));
    end $$;

    -- As before, for an entered session too: as long as its person may enter, by the rights they have at home.
    create or replace function app.session_actor(hash bytea) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare found jsonb; held jsonb; at_home jsonb;
    begin
      perform app.refuse_inside();
      select jsonb_build_object(
          'session', s.id, 'kind', s.kind, 'impersonator', s.impersonator_id, 'account', s.account_id,
          'org', o.id, 'organization', jsonb_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'kind', o.kind),
          'user', u.id, 'username', u.username, 'name', btrim(u.first_name || ' ' || u.last_name),
          'home', case when h.id is not null then jsonb_build_object('orgId', h.org_id, 'userId', h.id, 'organizationName', p.name) end,
          'ends', least(s.expires_at, s.last_seen_at + s.idle_timeout))
      into found
      from public.sessions s
      join public.users u on u.org_id = s.org_id and u.id = s.user_id
      join public.organizations o on o.id = s.org_id
      join public.accounts a on a.id = s.account_id
      left join public.users h on h.org_id = s.home_org_id and h.id = s.home_user_id
      left join public.organizations p on p.id = s.home_org_id
      where s.token_hash = hash and s.revoked_at is null and s.expires_at > now() and s.last_seen_at + s.idle_timeout > now()
        and u.status = 'active' and a.status = 'active'
        and case when s.home_org_id is null
          then u.deleted_at is null and o.status = 'active'
          -- a suspended organization can be entered: somebody has to see why it was
          else u.shadow_of_org_id = h.org_id and u.shadow_of_user_id = h.id and h.status = 'active' and h.deleted_at is null
            and p.kind = 'platform' and p.status = 'active' end;
      if found is null then return null; end if;
      if found -> 'home' <> 'null' then
        at_home := app.rights((found -> 'home' ->> 'orgId')::uuid, (found -> 'home' ->> 'userId')::uuid);
        if not at_home -> 'permissions' ? 'organization:enter:all' then return null; end if;
      end if;
      held := app.rights((found ->> 'org')::uuid, (found ->> 'user')::uuid);
      return found || jsonb_build_object(
        'permissions', held -> 'permissions', 'readGroups', held -> 'readGroups', 'writeGroups', held -> 'writeGroups',
        'leadGroups', held -> 'leadGroups',
        'ttlMs', floor(extract(epoch from least((found ->> 'ends')::timestamptz, (held ->> 'until')::timestamptz,
          (at_home ->> 'until')::timestamptz) - clock_timestamp()) * 1000));
    end $$;

    -- Moves the session of whoever acts into another organization, where a shadow user stands for them, for eight
    -- hours at most. Answers false where there is no such organization.
    create function app.enter_organization(session uuid, target uuid, because text) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare
      person uuid := app.platform_actor('organization:enter:all');
      home uuid := nullif(current_setting('app.org_id', true), '')::uuid;
      shadow uuid;
      details jsonb;
    begin
      if coalesce(btrim(because), '') = '' then raise exception 'entering takes a reason' using errcode = '22023'; end if;
      if not exists (select from public.organizations o where o.id = target and o.kind = 'tenant') then return false; end if;
      if not exists (select from public.users u join public.accounts a on a.id = u.account_id
        where u.org_id = home and u.id = person and a.email_verified_at is not null) then
        raise exception 'the address is not proved' using errcode = '28P01';
      end if;
      insert into public.users as u (org_id, username, email, first_name, last_name, locale, time_zone, deleted_at, shadow_of_org_id, shadow_of_user_id)
      select target, p.username, p.email, p.first_name, p.last_name, p.locale, p.time_zone, now(), p.org_id, p.id
      from public.users p where p.org_id = home and p.id = person
      on conflict (org_id, shadow_of_user_id) where shadow_of_user_id is not null do update set username = excluded.username,
        email = excluded.email, first_name = excluded.first_name, last_name = excluded.last_name
      returning u.id into shadow;
      update public.sessions s set org_id = target, user_id = shadow, home_org_id = home, home_user_id = person,
        home_expires_at = s.expires_at, expires_at = least(s.expires_at, now() + interval '8 hours')
      where s.org_id = home and s.id = session and s.user_id = person and s.kind in ('browser', 'token')
        and s.home_org_id is null and s.revoked_at is null and s.expires_at > now();
      if not found then raise exception 'this session can not enter' using errcode = '42501'; end if;
      details := jsonb_build_object('session', session, 'user', shadow);
      perform app.note_event(place, 'organization:enter', target, details, because) from unnest(array[home, target]) place;
      -- the row has another key now, so no trigger sees that it changed
      perform pg_notify('rights', 's:' || session);
      return true;
    end $$;

    -- Moves an entered session back. Whoever entered may always leave.
    create function app.leave_organization(session uuid) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare
      ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
      here uuid := nullif(current_setting('app.org_id', true), '')::uuid;
      home uuid := (ctx ->> 'org')::uuid;
      person uuid := (ctx ->> 'user')::uuid;
    begin
      update public.sessions s set org_id = s.home_org_id, user_id = s.home_user_id, expires_at = s.home_expires_at,
        home_org_id = null, home_user_id = null, home_expires_at = null
      where s.org_id = here and s.id = session and s.home_org_id = home and s.home_user_id = person and s.revoked_at is null;
      if not found then return false; end if;
      perform app.note_event(place, 'organization:leave', here, jsonb_build_object('session', session)) from unnest(array[home, here]) place;
      perform pg_notify('rights', 's:' || session);
      return true;
    end $$;

    revoke all on function app.end_entered_sessions() from public;
    do $$ begin
      perform app.give_to_lookup('app.end_entered_sessions()'),
        app.give_to_lookup('app.enter_organization(uuid, uuid, text)'), app.give_to_app('app.enter_organization(uuid, uuid, text)'),
        app.give_to_lookup('app.leave_organization(uuid)'), app.give_to_app('app.leave_organization(uuid)');
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    delete from sessions where home_org_id is not null;
    drop function app.leave_organization(uuid), app.enter_organization(uuid, uuid, text);
    create or replace function app.session_actor(hash bytea) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare found jsonb; held jsonb;
    begin
      perform app.refuse_inside();
      select jsonb_build_object(
          'session', s.id, 'kind', s.kind, 'impersonator', s.impersonator_id, 'account', s.account_id,
          'org', o.id, 'organization', jsonb_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'kind', o.kind),
          'user', u.id, 'username', u.username, 'name', btrim(u.first_name || ' ' || u.last_name),
          'ends', least(s.expires_at, s.last_seen_at + s.idle_timeout))
      into found
      from public.sessions s
      join public.users u on u.org_id = s.org_id and u.id = s.user_id
      join public.organizations o on o.id = s.org_id
      join public.accounts a on a.id = s.account_id
      where s.token_hash = hash and s.revoked_at is null and s.expires_at > now() and s.last_seen_at + s.idle_timeout > now()
        and u.status = 'active' and u.deleted_at is null and o.status = 'active' and a.status = 'active';
      if found is null then return null; end if;
      held := app.rights((found ->> 'org')::uuid, (found ->> 'user')::uuid);
      return found || jsonb_build_object(
        'permissions', held -> 'permissions', 'readGroups', held -> 'readGroups', 'writeGroups', held -> 'writeGroups',
        'ttlMs', floor(extract(epoch from least((found ->> 'ends')::timestamptz, (held ->> 'until')::timestamptz) - clock_timestamp()) * 1000));
    end $$;
    create or replace function app.rights(org uuid, person uuid) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      return (
        with recursive assigned as (
          select ur.role_id, ur.expires_at from public.user_roles ur
          where ur.org_id = org and ur.user_id = person and (ur.expires_at is null or ur.expires_at > now())
        ), held(id) as (
          select r.id from assigned a join public.roles r on r.org_id = org and r.id = a.role_id
          where r.status = 'active' and r.deleted_at is null
          union
          select r.id from held h join public.role_parents p on p.org_id = org and p.role_id = h.id
          join public.roles r on r.org_id = org and r.id = p.parent_id
          where r.status = 'active' and r.deleted_at is null
        ), mine(id, writes) as (
          select g.id, m.role <> 'viewer' from public.group_members m join public.groups g on g.org_id = org and g.id = m.group_id
          where m.org_id = org and m.user_id = person and g.deleted_at is null
          union
          select g.id, m.writes from mine m join public.groups g on g.org_id = org and g.parent_id = m.id
          where g.deleted_at is null
        )
        select jsonb_build_object(
          'permissions', coalesce((select jsonb_agg(distinct p.code) from held h
            join public.role_permissions rp on rp.org_id = org and rp.role_id = h.id
            join public.permissions p on p.org_id = org and p.id = rp.permission_id where p.status = 'active'), '[]'),
          'readGroups', coalesce((select jsonb_agg(distinct id) from mine), '[]'),
          'writeGroups', coalesce((select jsonb_agg(distinct id) from mine where writes), '[]'),
          'until', (select min(expires_at) from assigned)));
    end $$;
    create or replace function app.user_id() returns uuid language sql stable parallel safe as
      $$ select (nullif(current_setting('app.context', true), '')::jsonb ->> 'user')::uuid $$;
    drop trigger entered on sessions;
    drop trigger end_entered on users;
    drop trigger shadow_insert on users;
    drop trigger shadow_update on users;
    drop trigger shadow_delete on users;
    drop function app.end_entered_sessions();
    alter table sessions drop column home_org_id, drop column home_user_id, drop column home_expires_at;
    alter table users drop column shadow_of_org_id, drop column shadow_of_user_id;
  `.execute(db)
}
