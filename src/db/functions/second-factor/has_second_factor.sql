-- owner: lookup; callers: app
-- Whether there is a second factor to end: of somebody whose account the organization manages.
create or replace function app.has_second_factor(person uuid) returns boolean
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return exists (select from public.totp_credentials t where t.account_id = app.managed_account(person));
end $$;
