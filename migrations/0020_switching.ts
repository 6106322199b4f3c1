import { type Kysely, sql } from 'kysely'

/** Somebody with one account in several organizations changes between them, by a new session for the old one. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- As before, until the token ends, and with whether its person is in another organization, too.
    create or replace function app.session_actor(hash bytea) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare found jsonb; held jsonb; at_home jsonb; passed timestamptz; lacks text;
    begin
      perform app.refuse_inside();
      select jsonb_build_object(
          'session', s.id, 'kind', s.kind, 'impersonator', s.impersonator_id, 'account', s.account_id,
          'org', o.id, 'organization', jsonb_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'kind', o.kind),
          'user', u.id, 'username', u.username, 'name', btrim(u.first_name || ' ' || u.last_name),
          'timeZone', case when h.id is null then u.time_zone else h.time_zone end,
          'locale', case when h.id is null then u.locale else h.locale end,
          'home', case when h.id is not null then jsonb_build_object('orgId', h.org_id, 'userId', h.id, 'organizationName', p.name) end,
          'elsewhere', s.impersonator_id is null and s.home_org_id is null and exists (select from public.users e join public.organizations q on q.id = e.org_id where e.account_id = a.id
            and e.org_id <> s.org_id and e.status = 'active' and e.deleted_at is null and q.status = 'active'),
          'ends', least(s.expires_at, s.token_expires_at, s.last_seen_at + s.idle_timeout)), s.second_factor_at
      into found, passed
      from public.sessions s
      join public.users u on u.org_id = s.org_id and u.id = s.user_id
      join public.organizations o on o.id = s.org_id
      join public.accounts a on a.id = s.account_id
      left join public.users h on h.org_id = s.home_org_id and h.id = s.home_user_id
      left join public.organizations p on p.id = s.home_org_id
      where s.token_hash = hash and s.revoked_at is null and s.expires_at > now() and s.last_seen_at + s.idle_timeout > now()
        and (s.token_expires_at > now()) is not false
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
      if passed is null and app.second_factor_required(coalesce(found -> 'home' ->> 'orgId', found ->> 'org')::uuid,
          coalesce(found -> 'home' ->> 'userId', found ->> 'user')::uuid) then
        lacks := case when exists (select from public.totp_credentials t where t.account_id = (found ->> 'account')::uuid)
          then 'second-factor' else 'second-factor-setup' end;
      end if;
      held := app.rights((found ->> 'org')::uuid, (found ->> 'user')::uuid);
      return found || jsonb_build_object('lacks', lacks,
        'permissions', held -> 'permissions', 'readGroups', held -> 'readGroups', 'writeGroups', held -> 'writeGroups',
        'leadGroups', held -> 'leadGroups',
        'ttlMs', floor(extract(epoch from least((found ->> 'ends')::timestamptz, (held ->> 'until')::timestamptz,
          (at_home ->> 'until')::timestamptz) - clock_timestamp()) * 1000));
    end $$;

    -- Whether somebody can change to another organization is known to each of their sessions.
    create function app.notify_elsewhere() returns trigger
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      if tg_op = 'UPDATE' then
        perform pg_notify('rights', 'a:' || new.account_id) where exists (
          select from public.users u where u.account_id = new.account_id and u.org_id <> new.org_id);
      else
        perform pg_notify('rights', 'a:' || n.account_id)
        from new_rows n, lateral (select from public.users u where u.account_id = n.account_id and u.org_id <> n.org_id limit 1) elsewhere;
      end if;
      return null;
    end $$;
    create trigger elsewhere_insert after insert on users referencing new table as new_rows for each statement execute function app.notify_elsewhere();
    create trigger elsewhere_update after update of account_id, status, deleted_at on users for each row
      when ((new.account_id, new.status, new.deleted_at) is distinct from (old.account_id, old.status, old.deleted_at))
      execute function app.notify_elsewhere();

    -- Where the person of an account can go, and whose administrators may change how they sign in.
    create function app.account_places(account uuid) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      return jsonb_build_object(
        'organizations', (select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'username', u.username)
            order by o.sort_name, o.id), '[]')
          from public.users u join public.organizations o on o.id = u.org_id
          where u.account_id = account and u.status = 'active' and u.deleted_at is null and o.status = 'active'),
        'managedBy', (select o.name from public.accounts a join public.organizations o on o.id = a.managed_by_org_id where a.id = account));
    end $$;

    -- Ends a session, and opens one like it for the same account where its person is active in the other organization:
    -- it ends when the old one would have. Null where they aren't. The account comes first, then the person, as everywhere.
    create function app.switch_organization(session uuid, account uuid, target uuid, hash bytea, address inet, agent text, ctx jsonb) returns uuid
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare person uuid; was public.sessions; opened uuid;
    begin
      perform app.refuse_inside();
      perform from public.accounts a where a.id = account and a.status = 'active' for update;
      if not found then return null; end if;
      if exists (select from public.accounts a where a.id = account and a.email_verified_at is null) then
        raise exception 'the address is not proved' using errcode = '28P01';
      end if;
      update public.users u set last_login_at = now() from public.organizations o
      where u.account_id = account and u.org_id = target and u.status = 'active' and u.deleted_at is null
        and o.id = u.org_id and o.status = 'active' returning u.id into person;
      if not found then return null; end if;
      perform set_config('app.context', ctx::text, true);
      update public.sessions s set revoked_at = now()
      where s.id = session and s.account_id = account and s.org_id <> target and s.kind in ('browser', 'token')
        and s.home_org_id is null and s.impersonator_id is null and s.revoked_at is null and s.expires_at > now()
      returning * into was;
      if not found then raise exception 'this session can not change' using errcode = '28000'; end if;
      perform set_config('app.context', (ctx || jsonb_build_object('org', target, 'user', person))::text, true);
      update public.users u set time_zone = coalesce(u.time_zone, ctx ->> 'timeZone'), locale = coalesce(u.locale, ctx ->> 'locale')
      where u.org_id = target and u.id = person and (u.time_zone is null and ctx ? 'timeZone' or u.locale is null and ctx ? 'locale');
      insert into public.sessions (org_id, account_id, user_id, kind, token_hash, ip, user_agent, idle_timeout, second_factor_at, proved_at, expires_at)
      values (target, account, person, was.kind, hash, address, left(agent, 500), was.idle_timeout, was.second_factor_at, was.proved_at, was.expires_at)
      returning id into opened;
      perform app.end_oldest_sessions(target, person, opened);
      update public.accounts a set last_org_id = target where a.id = account;
      -- neither trail names the other organization
      insert into public.events (org_id, actor_org_id, actor_user_id, via, action, target_type, target_id, request_id, ip)
      select place.org, place.org, place.who, coalesce(ctx ->> 'via', 'web'), place.name, 'session', place.session, ctx ->> 'request', address
      from (values (was.org_id, was.user_id, 'auth:switch_away', was.id), (target, person, 'auth:switch_here', opened)) place(org, who, name, session);
      return opened;
    end $$;

    do $$
    declare f text;
    begin
      perform app.give_to_lookup('app.notify_elsewhere()');
      foreach f in array array['app.account_places(uuid)', 'app.switch_organization(uuid, uuid, uuid, bytea, inet, text, jsonb)'] loop
        perform app.give_to_lookup(f), app.give_to_app(f);
      end loop;
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop function app.switch_organization(uuid, uuid, uuid, bytea, inet, text, jsonb), app.account_places(uuid);
    drop trigger elsewhere_update on users;
    drop trigger elsewhere_insert on users;
    drop function app.notify_elsewhere();
    create or replace function app.session_actor(hash bytea) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare found jsonb; held jsonb; at_home jsonb; passed timestamptz; lacks text;
    begin
      perform app.refuse_inside();
      select jsonb_build_object(
          'session', s.id, 'kind', s.kind, 'impersonator', s.impersonator_id, 'account', s.account_id,
          'org', o.id, 'organization', jsonb_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'kind', o.kind),
          'user', u.id, 'username', u.username, 'name', btrim(u.first_name || ' ' || u.last_name),
          'home', case when h.id is not null then jsonb_build_object('orgId', h.org_id, 'userId', h.id, 'organizationName', p.name) end,
          'ends', least(s.expires_at, s.last_seen_at + s.idle_timeout)), s.second_factor_at
      into found, passed
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
      if passed is null and app.second_factor_required(coalesce(found -> 'home' ->> 'orgId', found ->> 'org')::uuid,
          coalesce(found -> 'home' ->> 'userId', found ->> 'user')::uuid) then
        lacks := case when exists (select from public.totp_credentials t where t.account_id = (found ->> 'account')::uuid)
          then 'second-factor' else 'second-factor-setup' end;
      end if;
      held := app.rights((found ->> 'org')::uuid, (found ->> 'user')::uuid);
      return found || jsonb_build_object('lacks', lacks,
        'permissions', held -> 'permissions', 'readGroups', held -> 'readGroups', 'writeGroups', held -> 'writeGroups',
        'leadGroups', held -> 'leadGroups',
        'ttlMs', floor(extract(epoch from least((found ->> 'ends')::timestamptz, (held ->> 'until')::timestamptz,
          (at_home ->> 'until')::timestamptz) - clock_timestamp()) * 1000));
    end $$;
  `.execute(db)
}
