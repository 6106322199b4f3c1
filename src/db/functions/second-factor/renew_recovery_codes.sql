-- owner: lookup; callers: app
create or replace function app.renew_recovery_codes(account uuid, session uuid, codes bytea[], ctx jsonb) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  if app.account_of_session(session, account) is null or not exists (select from public.totp_credentials t where t.account_id = account) then
    return false;
  end if;
  perform app.set_recovery_codes(account, codes), app.note_factor(account, 'auth:renew_recovery_codes', 'codes', ctx);
  return true;
end $$;
