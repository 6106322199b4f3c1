-- owner: lookup; callers: app
-- Gives a session another token for the one to renew it with, which is used up. One that was used already is in two
-- hands: the session ends; but whoever has just used it, and may not have heard the answer, hears it again, as long as
-- what it gave was not used. Never later than the session would end. Answers who it is, and what the tokens are made
-- from; null for a token that is no good.
create or replace function app.refresh_session(was bytea, access bytea, refresh bytea, asked bytea, salted bytea, minutes numeric, days numeric, ctx jsonb)
  returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare used public.refresh_tokens; heir public.refresh_tokens; ended public.sessions; actor jsonb;
begin
  perform app.refuse_inside();
  -- one after the other, also where the session moves meanwhile
  perform from public.sessions s where s.id = (select r.session_id from public.refresh_tokens r where r.token_hash = was) for update;
  select * into used from public.refresh_tokens r where r.token_hash = was;
  if used.rotated_at is not null then
    select * into heir from public.refresh_tokens r where r.org_id = used.org_id and r.session_id = used.session_id
      and r.rotated_at is null and r.asked_by = asked and used.rotated_at > now() - interval '10 seconds';
    if found then
      select app.session_actor(s.token_hash) into actor from public.sessions s where s.org_id = used.org_id and s.id = used.session_id;
      return case when actor is not null then jsonb_build_object('actor', actor, 'salt', encode(heir.salt, 'hex')) end;
    end if;
    perform set_config('app.context', (ctx || '{"reason": "a refresh token was used twice"}')::text, true);
    update public.sessions s set revoked_at = now() where s.org_id = used.org_id and s.id = used.session_id and s.revoked_at is null
    returning * into ended;
    if found then
      insert into public.events (org_id, via, action, target_type, target_id, request_id, ip)
      values (ended.org_id, coalesce(ctx ->> 'via', 'api'), 'auth:refresh_reused', 'session', ended.id, ctx ->> 'request', (ctx ->> 'ip')::inet);
      insert into public.security_events (account_id, action, data, request_id, ip)
      values (ended.account_id, 'auth:refresh_reused', jsonb_build_object('session', ended.id), ctx ->> 'request', (ctx ->> 'ip')::inet);
    end if;
    return null;
  end if;
  if used.id is null or used.expires_at <= now() then return null; end if;
  update public.refresh_tokens r set rotated_at = now(), salt = null, asked_by = null where r.org_id = used.org_id and r.id = used.id;
  update public.sessions s set token_hash = access, token_expires_at = now() + make_interval(secs => (minutes * 60)::double precision)
  where s.org_id = used.org_id and s.id = used.session_id;
  insert into public.refresh_tokens (org_id, session_id, token_hash, salt, asked_by, expires_at)
  values (used.org_id, used.session_id, refresh, salted, asked, now() + make_interval(secs => (days * 86400)::double precision));
  -- whatever else ends a session
  actor := app.session_actor(access);
  if actor is null then raise exception 'the session has ended' using errcode = '28000'; end if;
  perform pg_notify('rights', 's:' || used.session_id);
  return jsonb_build_object('actor', actor, 'salt', encode(salted, 'hex'));
end $$;
