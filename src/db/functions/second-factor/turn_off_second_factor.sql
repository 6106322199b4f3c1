-- owner: lookup; callers: app
create or replace function app.turn_off_second_factor(account uuid, session uuid, renewed bytea, device bytea, ctx jsonb) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  if app.account_of_session(session, account) is null then return false; end if;
  perform set_config('app.context', (ctx || '{"reason": "auth:turn_off_second_factor"}')::text, true);
  if not app.drop_second_factor(account, session, renewed, device) then return false; end if;
  update public.sessions s set second_factor_at = null where s.id = session;
  perform app.note_factor(account, 'auth:turn_off_second_factor', 'off', ctx);
  return true;
end $$;
