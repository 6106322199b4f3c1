-- owner: lookup; callers: app
-- Turns it on by a code that proved it. Every other session ends; this one has passed, under another token. False: it is
-- on, or the account changed hands since the set-up began.
create or replace function app.turn_on_second_factor(account uuid, session uuid, begun timestamptz, sealed bytea, step bigint, codes bytea[],
    renewed bytea, device bytea, ctx jsonb) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  if app.account_of_session(session, account) is null
    or exists (select from public.accounts a where a.id = account and a.control_changed_at is distinct from begun) then return false; end if;
  insert into public.totp_credentials (account_id, secret, last_step) values (account, sealed, step) on conflict do nothing;
  if not found then return false; end if;
  perform set_config('app.context', (ctx || '{"reason": "auth:turn_on_second_factor"}')::text, true);
  update public.sessions s set second_factor_at = clock_timestamp() where s.id = session;
  perform app.set_recovery_codes(account, codes), app.end_control(account, session, renewed, device),
    app.note_factor(account, 'auth:turn_on_second_factor', 'on', ctx);
  return true;
end $$;
