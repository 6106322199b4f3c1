-- owner: lookup; callers: none
create or replace function app.drop_second_factor(account uuid, session uuid, renewed bytea, device bytea) returns boolean
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  delete from public.totp_credentials t where t.account_id = account;
  if not found then return false; end if;
  delete from public.recovery_codes c where c.account_id = account;
  perform app.end_control(account, session, renewed, device);
  return true;
end $$;
