-- owner: lookup; callers: app
-- Whether anything was locked, or counted; null where the account is not managed here.
create or replace function app.unlock_account(person uuid) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare known public.accounts := app.lock_managed_account(person); counted boolean;
begin
  if known.id is null then return null; end if;
  update public.accounts a set failed_logins = 0, locked_until = null
    where a.id = known.id and (a.failed_logins > 0 or a.locked_until is not null);
  counted := found;
  update public.known_devices d set failed_logins = 0, locked_until = null
    where d.account_id = known.id and (d.failed_logins > 0 or d.locked_until is not null);
  if not (counted or found) then return false; end if;
  perform app.note_administration(person, known.id, 'unlock');
  return true;
end $$;
