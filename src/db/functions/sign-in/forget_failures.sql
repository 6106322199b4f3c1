-- owner: lookup; callers: none
-- Of the browser where it is known, else of the name.
create or replace function app.forget_failures(account uuid, device bytea) returns void language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  update public.known_devices d set failed_logins = 0, locked_until = null where d.account_id = account and d.hash = device;
  if not found then
    update public.accounts a set failed_logins = 0, locked_until = null where a.id = account;
  end if;
end $$;
