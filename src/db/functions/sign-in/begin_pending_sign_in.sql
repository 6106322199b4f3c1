-- owner: lookup; callers: app
-- Keeps that a password was right until the code follows.
create or replace function app.begin_pending_sign_in(account uuid, org uuid, person uuid, proved timestamptz, pending bytea, ctx jsonb) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  insert into public.pending_sign_ins (token_hash, account_id, for_org_id, for_user_id, proved_at) values (pending, account, org, person, proved);
  insert into public.security_events (account_id, action, request_id, ip)
  values (account, 'sign_in:asks_second_factor', ctx ->> 'request', (ctx ->> 'ip')::inet);
end $$;
