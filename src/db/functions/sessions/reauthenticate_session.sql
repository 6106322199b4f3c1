-- owner: lookup; callers: app
-- Whoever is signed in has proved again who they are: by a password, at that time, or by a code, which is used up.
create or replace function app.reauthenticate_session(account uuid, session uuid, proved timestamptz, step bigint, recovery bytea, device bytea, renewed bytea, ctx jsonb)
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
