-- owner: lookup; callers: app
-- Opens a session for whoever proved themselves at that time, unless control of the account changed since. An account with
-- a second factor takes a code, which is used up by it, as is the pending sign-in that began with a password. 28P01: the code is
-- missing or wrong. A browser is known from then on, by a new cookie, also for the others who use it.
create or replace function app.open_session(account uuid, org uuid, person uuid, session_kind text, hash bytea, ip inet, agent text,
    max_days numeric, idle_hours numeric, context text, proved timestamptz, device_was bytea, device bytea,
    step bigint, recovery bytea, pending bytea) returns uuid
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare opened uuid; ctx jsonb := context::jsonb; passed timestamptz;
begin
  perform app.enter(org, context, 5000);
  update public.accounts a set last_org_id = org
  where a.id = account and a.status = 'active' and (a.control_changed_at <= proved) is not false;
  if not found then raise exception 'account is not active' using errcode = '28000'; end if;
  -- at the first sign-in, what nobody chose yet is what the browser says; afterwards, none is a choice
  update public.users u set last_login_at = now(),
    time_zone = case when u.last_login_at is null then coalesce(u.time_zone, ctx ->> 'timeZone') else u.time_zone end,
    locale = case when u.last_login_at is null then coalesce(u.locale, ctx ->> 'locale') else u.locale end
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
  if pending is not null then
    delete from public.pending_sign_ins p where p.token_hash = pending and p.account_id = account and p.expires_at > now();
    if not found then raise exception 'the pending sign-in is gone' using errcode = '28000'; end if;
  end if;
  insert into public.sessions (org_id, account_id, user_id, kind, token_hash, ip, user_agent, idle_timeout, expires_at, second_factor_at, proved_at)
  values (org, account, person, session_kind, hash, ip, left(agent, 500), make_interval(secs => (idle_hours * 3600)::double precision),
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
  values (org, org, person, coalesce(ctx ->> 'via', 'web'), 'auth:sign_in', 'session', opened, ctx ->> 'request', ip);
  return opened;
end $$;
