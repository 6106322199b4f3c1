-- owner: lookup; callers: app
-- Under the account's lock.
create or replace function app.rename_account(person uuid, login text, email_address text) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare known public.accounts := app.lock_managed_account(person);
begin
  if known.id is null then return false; end if;
  update public.accounts a set username = login, email = email_address,
    email_verified_at = case when a.email = email_address then a.email_verified_at end
  where a.id = known.id;
  if known.email <> email_address then perform app.end_control(known.id); end if;
  if known.email <> email_address and known.password_hash is not null then
    perform app.queue_account_mail(known.id, 'email-changed', app.language_of(known.id), '{}', known.email);
  end if;
  return true;
end $$;
