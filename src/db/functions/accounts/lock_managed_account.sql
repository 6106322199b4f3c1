-- owner: lookup; callers: none
-- The account of somebody of the organization, if it may change it, locked first: who joins another one meanwhile has left.
create or replace function app.lock_managed_account(person uuid) returns public.accounts
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare org uuid := nullif(current_setting('app.org_id', true), '')::uuid; known public.accounts;
begin
  perform from public.accounts a
  where a.id = (select u.account_id from public.users u where u.org_id = org and u.id = person and u.deleted_at is null) for update;
  select * into known from public.accounts a where a.id = app.managed_account(person);
  return known;
end $$;
