-- owner: lookup; callers: app
-- Ends a session, and opens one like it for the same account where its person is active in the other organization:
-- it ends when the old one would have. Null where they aren't. The account comes first, then the person, as everywhere.
create or replace function app.switch_organization(session uuid, account uuid, target uuid, hash bytea, ip inet, agent text, ctx jsonb) returns uuid
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare person uuid; was public.sessions; opened uuid; is_first boolean;
begin
  perform app.refuse_inside();
  perform from public.accounts a where a.id = account and a.status = 'active' for update;
  if not found then return null; end if;
  if exists (select from public.accounts a where a.id = account and a.email_verified_at is null) then
    raise exception 'the address is not proved' using errcode = '28P01';
  end if;
  select u.last_login_at is null into is_first from public.users u
  where u.account_id = account and u.org_id = target and u.deleted_at is null;
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
  where u.org_id = target and u.id = person and is_first and (u.time_zone is null and ctx ? 'timeZone' or u.locale is null and ctx ? 'locale');
  insert into public.sessions (org_id, account_id, user_id, kind, token_hash, ip, user_agent, idle_timeout, second_factor_at, proved_at, expires_at)
  values (target, account, person, was.kind, hash, ip, left(agent, 500), was.idle_timeout, was.second_factor_at, was.proved_at, was.expires_at)
  returning id into opened;
  perform app.end_oldest_sessions(target, person, opened);
  update public.accounts a set last_org_id = target where a.id = account;
  -- neither trail names the other organization
  insert into public.events (org_id, actor_org_id, actor_user_id, via, action, target_type, target_id, request_id, ip)
  select place.org, place.org, place.who, coalesce(ctx ->> 'via', 'web'), place.name, 'session', place.session, ctx ->> 'request', ip
  from (values (was.org_id, was.user_id, 'auth:switch_away', was.id), (target, person, 'auth:switch_here', opened)) place(org, who, name, session);
  return opened;
end $$;
