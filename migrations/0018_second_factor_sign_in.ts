import { type Kysely, sql } from 'kysely'

/** Signing in, and proving again who one is, by a second factor: codes are used once, within what opens the session. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- A password that was right, until the code follows: opens nothing, allows five codes within ten minutes.
    create table sign_in_proofs (
      token_hash bytea primary key,
      account_id uuid not null references accounts on delete cascade,
      for_org_id uuid not null,
      for_user_id uuid not null,
      proved_at timestamptz not null,
      attempts int not null default 0,
      expires_at timestamptz not null default now() + interval '10 minutes',
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create index sign_in_proofs_account on sign_in_proofs (account_id);
    create index sign_in_proofs_by_expires on sign_in_proofs (expires_at);
    create trigger stamp before update on sign_in_proofs for each row execute function app.stamp();
    alter table sign_in_proofs enable row level security;
    alter table sign_in_proofs force row level security;
    do $$ begin
      execute format('create policy owner on sign_in_proofs to %I using (true) with check (true)', current_user);
      perform app.lookup_may('select, insert, update, delete', 'sign_in_proofs');
    end $$;

    -- As before, with the second factor, sealed, and in which half minute it is by this clock.
    create or replace function app.sign_in_lookup(name text, place_slug text, device bytea) returns jsonb
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
      return jsonb_build_object('account', known.id, 'passwordHash', known.password_hash, 'changed', known.control_changed_at,
        'active', known.status = 'active', 'org', place.org_id, 'user', place.id,
        'factor', (select encode(t.secret, 'base64') from public.totp_credentials t where t.account_id = known.id),
        'step', floor(extract(epoch from clock_timestamp()) / 30),
        'lockedMs', greatest(0, floor(extract(epoch from locked - clock_timestamp()) * 1000)));
    end $$;

    create function app.locked_out(account uuid, device bytea) returns boolean language sql stable set search_path = pg_catalog, pg_temp as $$
      select coalesce((select case when d.hash is null then a.locked_until else d.locked_until end > clock_timestamp()
        from public.accounts a left join public.known_devices d on d.account_id = a.id and d.hash = device where a.id = account), false)
    $$;

    create function app.forget_failures(account uuid, device bytea) returns void language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    begin
      update public.known_devices d set failed_logins = 0, locked_until = null where d.account_id = account and d.hash = device;
      if not found then
        update public.accounts a set failed_logins = 0, locked_until = null where a.id = account;
      end if;
    end $$;

    -- As before; with a second factor, failures are forgotten once that has passed, too: or whoever knows the password
    -- could try as many codes as they like.
    create or replace function app.sign_in_passed(account uuid, device bytea, changed timestamptz, was text, becomes text) returns text
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      perform from public.accounts a
      where a.id = account and a.status = 'active' and a.control_changed_at is not distinct from changed for update;
      if not found then return null; end if;
      perform from public.known_devices d where d.account_id = account and d.hash = device for update;
      if app.locked_out(account, device) then return null; end if;
      update public.accounts a set password_hash = becomes where a.id = account and a.password_hash = was and becomes is not null;
      if not exists (select from public.totp_credentials t where t.account_id = account) then
        perform app.forget_failures(account, device);
      end if;
      return clock_timestamp()::text;
    end $$;

    -- Uses a code up: of the half minute that it was right for, or one of those for when the device is lost.
    create function app.take_factor(account uuid, step bigint, recovery bytea, ctx jsonb) returns boolean
      language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    begin
      if step is not null then
        update public.totp_credentials t set last_step = step where t.account_id = account and t.last_step < step;
        return found;
      end if;
      update public.recovery_codes c set used_at = now() where c.account_id = account and c.hash = recovery and c.used_at is null;
      if not found then return false; end if;
      perform app.note_factor(account, 'auth:use_recovery_code', 'used', ctx);
      return true;
    end $$;

    drop function app.open_session(uuid, uuid, uuid, text, bytea, inet, text, numeric, numeric, text, timestamptz, bytea, bytea);
    -- As before; an account with a second factor takes a code, which is used up by it, as is the proof of a password that
    -- came before. 28P01: the code is missing or wrong.
    create function app.open_session(account uuid, org uuid, person uuid, session_kind text, hash bytea, address inet, agent text,
        max_days numeric, idle_hours numeric, context text, proved timestamptz, device_was bytea, device bytea,
        step bigint, recovery bytea, proof bytea) returns uuid
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare opened uuid; ctx jsonb := context::jsonb; passed timestamptz;
    begin
      perform app.enter(org, context, 5000);
      update public.accounts a set last_org_id = org
      where a.id = account and a.status = 'active' and (a.control_changed_at <= proved) is not false;
      if not found then raise exception 'account is not active' using errcode = '28000'; end if;
      -- what nobody chose yet is what the browser says
      update public.users u set last_login_at = now(), time_zone = coalesce(u.time_zone, ctx ->> 'timeZone'), locale = coalesce(u.locale, ctx ->> 'locale')
      where u.org_id = org and u.id = person and u.account_id = account and u.status = 'active' and u.deleted_at is null;
      if not found then raise exception 'user is not active' using errcode = '28000'; end if;
      if exists (select from public.totp_credentials t where t.account_id = account) then
        -- under the account's lock: many codes at once are no more than one after the other
        if app.locked_out(account, device_was) or not app.take_factor(account, step, recovery, ctx) then
          raise exception 'the second factor is missing or wrong' using errcode = '28P01';
        end if;
        perform app.forget_failures(account, device_was);
        passed := clock_timestamp();
      end if;
      if proof is not null then
        delete from public.sign_in_proofs p where p.token_hash = proof and p.account_id = account and p.expires_at > now();
        if not found then raise exception 'the proof is gone' using errcode = '28000'; end if;
      end if;
      insert into public.sessions (org_id, account_id, user_id, kind, token_hash, ip, user_agent, idle_timeout, expires_at, second_factor_at, proved_at)
      values (org, account, person, session_kind, hash, address, left(agent, 500), make_interval(secs => (idle_hours * 3600)::double precision),
        now() + make_interval(secs => (max_days * 86400)::double precision), passed, coalesce(passed, proved))
      returning id into opened;
      perform app.end_oldest_sessions(org, person, opened);
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

    -- Keeps that a password was right until the code follows.
    create function app.begin_proof(account uuid, org uuid, person uuid, proved timestamptz, proof bytea, ctx jsonb) returns void
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      insert into public.sign_in_proofs (token_hash, account_id, for_org_id, for_user_id, proved_at) values (proof, account, org, person, proved);
      insert into public.security_events (account_id, action, request_id, ip)
      values (account, 'sign_in:asks_second_factor', ctx ->> 'request', (ctx ->> 'ip')::inet);
    end $$;

    -- Counts a code before it is looked at; null where the proof is used, too old, tried too often, or from before a change of control.
    create function app.try_proof(proof bytea) returns jsonb
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare tried public.sign_in_proofs;
    begin
      perform app.refuse_inside();
      update public.sign_in_proofs p set attempts = p.attempts + 1
      where p.token_hash = proof and p.attempts < 5 and p.expires_at > now() returning * into tried;
      return (select jsonb_build_object('account', a.id, 'username', a.username, 'org', tried.for_org_id, 'user', tried.for_user_id,
          'at', tried.proved_at::text, 'factor', encode(t.secret, 'base64'), 'step', floor(extract(epoch from clock_timestamp()) / 30),
          'left', 5 - tried.attempts)
        from public.accounts a join public.totp_credentials t on t.account_id = a.id
        where a.id = tried.account_id and a.status = 'active' and (a.control_changed_at <= tried.proved_at) is not false);
    end $$;

    -- Whoever is signed in has proved again who they are: by a password, at that time, or by a code, which is used up.
    create function app.confirm_session(account uuid, session uuid, proved timestamptz, step bigint, recovery bytea, device bytea, renewed bytea, ctx jsonb)
      returns boolean language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      if app.account_of_session(session, account) is null then return false; end if;
      if proved is null and (app.locked_out(account, device) or not app.take_factor(account, step, recovery, ctx))
        or exists (select from public.accounts a where a.id = account and a.control_changed_at > proved) then return false; end if;
      if proved is null then perform app.forget_failures(account, device); end if;
      perform set_config('app.context', (ctx || '{"reason": "auth:confirm"}')::text, true);
      update public.sessions s set proved_at = clock_timestamp(), token_hash = coalesce(renewed, s.token_hash),
        second_factor_at = case when proved is null then clock_timestamp() else s.second_factor_at end
      where s.id = session;
      if renewed is not null then perform pg_notify('rights', 's:' || session); end if;
      insert into public.events (org_id, actor_org_id, actor_user_id, via, action, target_type, target_id, request_id, ip)
      select s.org_id, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, coalesce(ctx ->> 'via', 'web'), 'auth:confirm', 'session', session,
        ctx ->> 'request', (ctx ->> 'ip')::inet
      from public.sessions s where s.id = session;
      return true;
    end $$;

    create function app.tidy_proofs(most int) returns int
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare gone int;
    begin
      perform app.refuse_inside();
      delete from public.sign_in_proofs where token_hash in (
        select p.token_hash from public.sign_in_proofs p where p.expires_at < now() limit most for update skip locked);
      get diagnostics gone = row_count;
      return gone;
    end $$;

    do $$
    declare f text;
    begin
      foreach f in array array['app.locked_out(uuid, bytea)', 'app.forget_failures(uuid, bytea)', 'app.take_factor(uuid, bigint, bytea, jsonb)'] loop
        perform app.give_to_lookup(f);
      end loop;
      foreach f in array array[
        'app.open_session(uuid, uuid, uuid, text, bytea, inet, text, numeric, numeric, text, timestamptz, bytea, bytea, bigint, bytea, bytea)',
        'app.begin_proof(uuid, uuid, uuid, timestamptz, bytea, jsonb)', 'app.try_proof(bytea)',
        'app.confirm_session(uuid, uuid, timestamptz, bigint, bytea, bytea, bytea, jsonb)', 'app.tidy_proofs(int)'] loop
        perform app.give_to_lookup(f), app.give_to_app(f);
      end loop;
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop function app.tidy_proofs(int), app.confirm_session(uuid, uuid, timestamptz, bigint, bytea, bytea, bytea, jsonb),
      app.try_proof(bytea), app.begin_proof(uuid, uuid, uuid, timestamptz, bytea, jsonb),
      app.open_session(uuid, uuid, uuid, text, bytea, inet, text, numeric, numeric, text, timestamptz, bytea, bytea, bigint, bytea, bytea),
      app.take_factor(uuid, bigint, bytea, jsonb);
    drop table sign_in_proofs;
  `.execute(db)
  await sql.raw(BEFORE).execute(db)
  await sql`drop function app.forget_failures(uuid, bytea), app.locked_out(uuid, bytea)`.execute(db)
}

/** As they were in 0016. */
const BEFORE = `
    create or replace function app.sign_in_lookup(name text, place_slug text, device bytea) returns jsonb
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
    create or replace function app.sign_in_passed(account uuid, device bytea, changed timestamptz, was text, becomes text) returns text
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
    do $$ begin
      perform app.give_to_lookup('app.open_session(uuid, uuid, uuid, text, bytea, inet, text, numeric, numeric, text, timestamptz, bytea, bytea)'),
        app.give_to_app('app.open_session(uuid, uuid, uuid, text, bytea, inet, text, numeric, numeric, text, timestamptz, bytea, bytea)');
    end $$;
`
