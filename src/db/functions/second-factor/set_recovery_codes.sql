-- owner: lookup; callers: none
create or replace function app.set_recovery_codes(account uuid, codes bytea[]) returns void language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  delete from public.recovery_codes c where c.account_id = account;
  insert into public.recovery_codes (account_id, hash) select account, code from unnest(codes) code;
end $$;
