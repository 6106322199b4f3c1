-- owner: lookup; callers: app
create or replace function app.unlock_account(person uuid) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare known public.accounts := app.lock_managed_account(person);
begin
  if known.id is null then return false; end if;
  update public.accounts a set failed_logins = 0, locked_until = null where a.id = known.id;
  update public.known_devices d set failed_logins = 0, locked_until = null where d.account_id = known.id;
  perform app.note_administration(person, known.id, 'unlock');
  return true;
end $$;
