-- owner: lookup; callers: app
-- The same secret under the key of today, where the one before sealed it.
create or replace function app.reseal_second_factor(account uuid, was bytea, becomes bytea) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  update public.totp_credentials t set secret = becomes where t.account_id = account and t.secret = was;
end $$;
