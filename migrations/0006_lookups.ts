import { type Kysely, sql } from 'kysely'

/** The reviewed list of definer functions: what must be known before an organization is. One row each at most. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- For what comes before an organization: an injected statement, which runs inside one, can't ask for accounts.
    create function app.refuse_inside() returns void language plpgsql stable set search_path = pg_catalog, pg_temp as $$
    begin
      if coalesce(current_setting('app.org_id', true), '') <> '' then
        raise exception 'not inside of an organization' using errcode = '42501';
      end if;
    end $$;

    -- Union over active roles and what they inherit; a disabled or deleted role passes nothing on.
    create function app.rights(org uuid, person uuid) returns jsonb
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

    create function app.session_actor(hash bytea) returns jsonb
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

    -- Rights of somebody in the organization that is entered: to compare what is given with what one has.
    create function app.rights_of(person uuid) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      return app.rights(nullif(current_setting('app.org_id', true), '')::uuid, person);
    end $$;

    -- What sign-in needs for a name or address, normalised by the caller; organization by slug, else the one used last.
    create function app.sign_in_lookup(name text, place_slug text) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare known public.accounts; place record; locked timestamptz;
    begin
      perform app.refuse_inside();
      select * into known from public.accounts a where a.username = name or a.email = name order by a.username = name desc limit 1;
      if known.id is null then
        select locked_until into locked from public.unknown_logins where name_hash = sha256(convert_to(name, 'UTF8'));
        return jsonb_build_object('lockedMs', greatest(0, floor(extract(epoch from locked - clock_timestamp()) * 1000)));
      end if;
      select u.org_id, u.id into place
      from public.users u join public.organizations o on o.id = u.org_id
      where u.account_id = known.id and u.status = 'active' and u.deleted_at is null and o.status = 'active'
        and (place_slug is null or o.slug = place_slug)
      order by u.org_id = known.last_org_id desc nulls last, u.created_at limit 1;
      return jsonb_build_object('account', known.id, 'passwordHash', known.password_hash, 'active', known.status = 'active',
        'org', place.org_id, 'user', place.id,
        'lockedMs', greatest(0, floor(extract(epoch from known.locked_until - clock_timestamp()) * 1000)));
    end $$;

    -- Counts a failure for a known or unknown name alike; answers the milliseconds that it is locked for.
    create function app.sign_in_failed(name text, account uuid, attempts int, minutes int, request text, address inet) returns int
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare until timestamptz; hash bytea := sha256(convert_to(name, 'UTF8'));
    begin
      perform app.refuse_inside();
      if account is not null then
        update public.accounts a set
          failed_logins = case when a.failed_logins + 1 >= attempts then 0 else a.failed_logins + 1 end,
          locked_until = case when a.failed_logins + 1 >= attempts then now() + make_interval(mins => minutes) else a.locked_until end
        where a.id = account returning a.locked_until into until;
      else
        insert into public.unknown_logins as l (name_hash, failed_logins, locked_until)
        values (hash, case when attempts <= 1 then 0 else 1 end, case when attempts <= 1 then now() + make_interval(mins => minutes) end)
        on conflict (name_hash) do update set
          failed_logins = case when l.failed_logins + 1 >= attempts then 0 else l.failed_logins + 1 end,
          locked_until = case when l.failed_logins + 1 >= attempts then now() + make_interval(mins => minutes) else l.locked_until end,
          updated_at = now()
        returning l.locked_until into until;
      end if;
      insert into public.security_events (account_id, action, data, request_id, ip)
      values (account, case when until > now() then 'sign_in:locked' else 'sign_in:failed' end,
        jsonb_build_object('name_hash', encode(hash, 'hex')), request, address);
      return greatest(0, coalesce(extract(epoch from until - now()) * 1000, 0));
    end $$;

    -- Opens a session after the password was verified; hash and rehash are made by the caller.
    create function app.open_session(account uuid, org uuid, person uuid, session_kind text, hash bytea, rehash text,
        address inet, agent text, max_days numeric, idle_hours numeric, context text) returns uuid
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare opened uuid; ctx jsonb := context::jsonb;
    begin
      perform app.enter(org, context, 5000);
      update public.accounts a set failed_logins = 0, locked_until = null, last_org_id = org, password_hash = coalesce(rehash, a.password_hash)
      where a.id = account and a.status = 'active';
      if not found then raise exception 'account is not active' using errcode = '28000'; end if;
      update public.users u set last_login_at = now()
      where u.org_id = org and u.id = person and u.account_id = account and u.status = 'active' and u.deleted_at is null;
      if not found then raise exception 'user is not active' using errcode = '28000'; end if;
      insert into public.sessions (org_id, account_id, user_id, kind, token_hash, ip, user_agent, idle_timeout, expires_at)
      values (org, account, person, session_kind, hash, address, left(agent, 500), make_interval(secs => (idle_hours * 3600)::double precision),
        now() + make_interval(secs => (max_days * 86400)::double precision))
      returning id into opened;
      insert into public.events (org_id, actor_org_id, actor_user_id, via, action, target_type, target_id, request_id, ip)
      values (org, org, person, coalesce(ctx ->> 'via', 'web'), 'auth:sign_in', 'session', opened, ctx ->> 'request', address);
      return opened;
    end $$;

    create function app.sessions_seen(ids uuid[]) returns int
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare seen int;
    begin
      perform app.refuse_inside();
      update public.sessions set last_seen_at = now() where id = any (ids) and revoked_at is null and last_seen_at < now() - interval '30 seconds';
      get diagnostics seen = row_count;
      return seen;
    end $$;

    -- What no trigger sees: sign-out and refusals, in the organization that is entered.
    create function app.record_event(name text, type text, target uuid, details jsonb) returns void
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
    begin
      if name not in ('auth:sign_out', 'access:denied') then
        raise exception 'the trail is written by triggers: % is not an event to record', name using errcode = '42501';
      end if;
      insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, via, reason, request_id, ip, action, target_type, target_id, data)
      values (nullif(current_setting('app.org_id', true), '')::uuid, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, (ctx ->> 'impersonator')::uuid,
        coalesce(ctx ->> 'via', 'sql'), ctx ->> 'reason', ctx ->> 'request', (ctx ->> 'ip')::inet, name, type, target, details);
    end $$;

    create function app.default_organization() returns uuid
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      return (select id from public.organizations where is_default and status = 'active');
    end $$;

    -- An account for somebody in the organization that is entered; managed = made by its administrators.
    create function app.create_account(login text, address text, hash text, managed boolean) returns uuid
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare made uuid; org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
    begin
      if org is null then raise exception 'no organization is entered' using errcode = '42501'; end if;
      insert into public.accounts (username, email, password_hash, password_given, password_changed_at, managed_by_org_id, last_org_id)
      values (login, address, hash, managed and hash is not null, case when hash is not null then now() end, case when managed then org end, org)
      returning id into made;
      return made;
    end $$;

    -- An organization may change how somebody signs in only while it manages the account and is its only one.
    create function app.managed_account(person uuid) returns uuid
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
    begin
      return (select a.id from public.accounts a join public.users u on u.account_id = a.id
        where u.org_id = org and u.id = person and a.managed_by_org_id = org
          and not exists (select from public.users e where e.account_id = a.id and e.org_id <> org));
    end $$;

    create function app.rename_account(person uuid, login text, address text) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      update public.accounts a set username = login, email = address,
        email_verified_at = case when a.email = address then a.email_verified_at end
      where a.id = app.managed_account(person);
      return found;
    end $$;

    create function app.set_first_password(person uuid, hash text) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      update public.accounts a set password_hash = hash, password_changed_at = now()
      where a.id = app.managed_account(person) and a.password_hash is null;
      return found;
    end $$;

    revoke all on all functions in schema app from public;
    do $$ begin execute format('grant execute on function app.refuse_inside() to %I', app.role_lookup()); end $$;
    do $$
    declare f text;
    begin
      foreach f in array array['app.rights(uuid, uuid)', 'app.session_actor(bytea)', 'app.rights_of(uuid)', 'app.sign_in_lookup(text, text)',
        'app.sign_in_failed(text, uuid, int, int, text, inet)',
        'app.open_session(uuid, uuid, uuid, text, bytea, text, inet, text, numeric, numeric, text)', 'app.sessions_seen(uuid[])',
        'app.record_event(text, text, uuid, jsonb)', 'app.default_organization()', 'app.create_account(text, text, text, boolean)',
        'app.managed_account(uuid)', 'app.rename_account(uuid, text, text)', 'app.set_first_password(uuid, text)'] loop
        perform app.give_to_lookup(f);
        -- app.rights names any organization: only the other functions call it
        if f <> 'app.rights(uuid, uuid)' then perform app.give_to_app(f); end if;
      end loop;
      -- a process that doesn't know the owner still sees whether the schema fits its code
      execute format('grant select on kysely_migration to %I', app.role_app());
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop function app.set_first_password(uuid, text), app.rename_account(uuid, text, text), app.managed_account(uuid),
      app.create_account(text, text, text, boolean), app.default_organization(), app.record_event(text, text, uuid, jsonb),
      app.sessions_seen(uuid[]), app.open_session(uuid, uuid, uuid, text, bytea, text, inet, text, numeric, numeric, text),
      app.sign_in_failed(text, uuid, int, int, text, inet), app.sign_in_lookup(text, text), app.rights_of(uuid), app.session_actor(bytea),
      app.rights(uuid, uuid), app.refuse_inside();
  `.execute(db)
}
