-- owner: lookup; callers: app
-- Whoever has no account, or one that was disabled, can't sign in, whatever their roles give.
create or replace function app.has_active_account(person uuid) returns boolean
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return exists (
    select from public.users u join public.accounts a on a.id = u.account_id
    where u.org_id = nullif(current_setting('app.org_id', true), '')::uuid and u.id = person and a.status = 'active');
end $$;
