import { type Kysely, sql } from 'kysely'

/** Signing in: devices that are known stay in when strangers lock a name, and a stronger hash comes with the next use. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- A browser that somebody signed in with, by the hash of its cookie; it has its own count of failures.
    create table known_devices (
      account_id uuid not null references accounts on delete cascade,
      hash bytea not null,
      failed_logins int not null default 0,
      locked_until timestamptz,
      last_used_at timestamptz not null default now(),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (account_id, hash)
    );
    create index known_devices_hash on known_devices (hash);
    create index known_devices_by_use on known_devices (last_used_at);
    create trigger stamp before update on known_devices for each row execute function app.stamp();
    alter table known_devices enable row level security;
    alter table known_devices force row level security;
    do $$ begin
      execute format('create policy owner on known_devices to %I using (true) with check (true)', current_user);
      perform app.lookup_may('select, insert, update, delete', 'known_devices');
    end $$;
    -- One failure more: so many lock for so long, and none is counted meanwhile.
    create function app.count_failure(failed int, until timestamptz, attempts int, minutes int, out failures int, out lock timestamptz)
      language sql stable set search_path = pg_catalog, pg_temp as $$
      select case when until > now() then failed when failed + 1 >= attempts then 0 else failed + 1 end,
        case when until > now() then until when failed + 1 >= attempts then now() + make_interval(mins => minutes) else until end
    $$;

    drop function app.sign_in_lookup(text, text);
    drop function app.sign_in_failed(text, uuid, int, int, text, inet);
    drop function app.open_session(uuid, uuid, uuid, text, bytea, text, inet, text, numeric, numeric, text);

    -- What sign-in needs for a name or address, normalised by the caller; organization by slug, else the one used last.
    create function app.sign_in_lookup(name text, place_slug text, device bytea) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare known public.accounts; place record; trusted public.known_devices; locked timestamptz;
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
      select * into trusted from public.known_devices d where d.account_id = known.id and d.hash = device;
      locked := case when trusted.hash is null then known.locked_until else trusted.locked_until end;
      return jsonb_build_object('account', known.id, 'passwordHash', known.password_hash, 'changed', known.password_changed_at,
        'active', known.status = 'active', 'org', place.org_id, 'user', place.id,
        'lockedMs', greatest(0, floor(extract(epoch from locked - clock_timestamp()) * 1000)));
    end $$;

    -- Counts a failure: of a known device for itself, else of the name, whether somebody has it or nobody. Whose name
    -- gets locked is told, once an hour. Answers the milliseconds that it is locked for.
    create function app.sign_in_failed(name text, account uuid, attempts int, minutes int, request text, address inet, device bytea) returns int
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare until timestamptz; was timestamptz; hash bytea := sha256(convert_to(name, 'UTF8')); known public.accounts;
    begin
      perform app.refuse_inside();
      update public.known_devices d set (failed_logins, locked_until) =
        (select c.failures, c.lock from app.count_failure(d.failed_logins, d.locked_until, (attempts + 1) / 2, minutes) c)
      where d.account_id = account and d.hash = device returning d.locked_until into until;
      if found then
        was := until;
      elsif account is not null then
        select * into known from public.accounts a where a.id = account for update;
        was := known.locked_until;
        update public.accounts a set (failed_logins, locked_until) =
          (select c.failures, c.lock from app.count_failure(a.failed_logins, a.locked_until, attempts, minutes) c)
        where a.id = account returning a.locked_until into until;
      else
        insert into public.unknown_logins (name_hash) values (hash) on conflict do nothing;
        select l.locked_until into was from public.unknown_logins l where l.name_hash = hash for update;
        update public.unknown_logins l set updated_at = now(), (failed_logins, locked_until) =
          (select c.failures, c.lock from app.count_failure(l.failed_logins, l.locked_until, attempts, minutes) c)
        where l.name_hash = hash returning l.locked_until into until;
      end if;
      insert into public.security_events (account_id, action, data, request_id, ip)
      values (account, case when until > now() then 'sign_in:locked' else 'sign_in:failed' end,
        jsonb_build_object('name_hash', encode(hash, 'hex')), request, address);
      if until > now() and until is distinct from was then
        if known.status = 'active' and known.password_hash is not null and app.mailed(known.email, array['account-locked']) = 0 then
          perform app.queue_account_mail(account, 'account-locked', app.language_of(account), '{}');
        else
          perform app.queue_no_mail();
        end if;
      end if;
      return greatest(0, coalesce(extract(epoch from until - now()) * 1000, 0));
    end $$;

    -- The password was right, as of the look-up: lets through unless locked or changed meanwhile, and puts a stronger hash
    -- of it where the old one still is. Answers when that was, which opening a session asks for.
    create function app.sign_in_passed(account uuid, device bytea, changed timestamptz, was text, becomes text) returns text
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare trusted public.known_devices;
    begin
      perform app.refuse_inside();
      select * into trusted from public.known_devices d where d.account_id = account and d.hash = device for update;
      update public.accounts a set
        failed_logins = case when trusted.hash is null then 0 else a.failed_logins end,
        locked_until = case when trusted.hash is null then null else a.locked_until end,
        password_hash = case when a.password_hash = was then coalesce(becomes, was) else a.password_hash end
      where a.id = account and a.status = 'active' and a.password_changed_at is not distinct from changed
        and (case when trusted.hash is null then a.locked_until else trusted.locked_until end > now()) is not true;
      if not found then return null; end if;
      update public.known_devices d set failed_logins = 0, locked_until = null where d.account_id = account and d.hash = device;
      return clock_timestamp()::text;
    end $$;

    -- Somebody has a hundred sessions at most: with one more, the one ends that wasn't seen for longest. Under the account's
    -- lock, by which sessions are opened one after the other.
    create function app.end_oldest_sessions(org uuid, person uuid, opened uuid) returns void
      language sql volatile set search_path = pg_catalog, pg_temp as $$
      update public.sessions s set revoked_at = now() where s.org_id = org and s.id in (
        select e.id from public.sessions e
        where e.org_id = org and e.user_id = person and e.id <> opened and e.revoked_at is null
          and e.expires_at > now() and e.last_seen_at + e.idle_timeout > now()
        order by e.last_seen_at desc, e.id desc offset 99)
    $$;

    -- Opens a session for whoever proved themselves at that time, unless the password was changed since. A browser is
    -- known from then on, by a new cookie, also for the others who use it.
    create function app.open_session(account uuid, org uuid, person uuid, session_kind text, hash bytea, address inet, agent text,
        max_days numeric, idle_hours numeric, context text, proved timestamptz, device_was bytea, device bytea) returns uuid
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare opened uuid; ctx jsonb := context::jsonb;
    begin
      perform app.enter(org, context, 5000);
      update public.accounts a set last_org_id = org
      where a.id = account and a.status = 'active' and (a.password_changed_at <= proved) is not false;
      if not found then raise exception 'account is not active' using errcode = '28000'; end if;
      update public.users u set last_login_at = now()
      where u.org_id = org and u.id = person and u.account_id = account and u.status = 'active' and u.deleted_at is null;
      if not found then raise exception 'user is not active' using errcode = '28000'; end if;
      insert into public.sessions (org_id, account_id, user_id, kind, token_hash, ip, user_agent, idle_timeout, expires_at)
      values (org, account, person, session_kind, hash, address, left(agent, 500), make_interval(secs => (idle_hours * 3600)::double precision),
        now() + make_interval(secs => (max_days * 86400)::double precision))
      returning id into opened;
      if device is not null then
        update public.known_devices d set hash = device where d.hash = device_was;
        insert into public.known_devices (account_id, hash) values (account, device)
        on conflict on constraint known_devices_pkey do update set last_used_at = now();
        delete from public.known_devices d where d.account_id = account and d.hash not in (
          select e.hash from public.known_devices e where e.account_id = account order by e.last_used_at desc limit 20);
      end if;
      insert into public.events (org_id, actor_org_id, actor_user_id, via, action, target_type, target_id, request_id, ip)
      values (org, org, person, coalesce(ctx ->> 'via', 'web'), 'auth:sign_in', 'session', opened, ctx ->> 'request', address);
      return opened;
    end $$;

    do $$
    declare f text;
    begin
      perform app.give_to_lookup('app.count_failure(int, timestamptz, int, int)'), app.give_to_lookup('app.end_oldest_sessions(uuid, uuid, uuid)');
      foreach f in array array['app.sign_in_lookup(text, text, bytea)', 'app.sign_in_failed(text, uuid, int, int, text, inet, bytea)',
        'app.sign_in_passed(uuid, bytea, timestamptz, text, text)',
        'app.open_session(uuid, uuid, uuid, text, bytea, inet, text, numeric, numeric, text, timestamptz, bytea, bytea)'] loop
        perform app.give_to_lookup(f), app.give_to_app(f);
      end loop;
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop function app.open_session(uuid, uuid, uuid, text, bytea, inet, text, numeric, numeric, text, timestamptz, bytea, bytea),
      app.sign_in_passed(uuid, bytea, timestamptz, text, text), app.sign_in_failed(text, uuid, int, int, text, inet, bytea),
      app.sign_in_lookup(text, text, bytea), app.count_failure(int, timestamptz, int, int),
      app.end_oldest_sessions(uuid, uuid, uuid);
    drop table known_devices;
  `.execute(db)
  await sql.raw(BEFORE).execute(db)
}

/** As they were in 0006. */
const BEFORE = `
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
    do $$
    declare f text;
    begin
      foreach f in array array['app.sign_in_lookup(text, text)', 'app.sign_in_failed(text, uuid, int, int, text, inet)',
        'app.open_session(uuid, uuid, uuid, text, bytea, text, inet, text, numeric, numeric, text)'] loop
        perform app.give_to_lookup(f), app.give_to_app(f);
      end loop;
    end $$;
`
