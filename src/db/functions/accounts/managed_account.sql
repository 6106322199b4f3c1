-- owner: lookup; callers: app
-- An organization may change how somebody signs in only while it manages the account and is its only one.
create or replace function app.managed_account(person uuid) returns uuid
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
begin
  return (select a.id from public.accounts a join public.users u on u.account_id = a.id
    where u.org_id = org and u.id = person and a.managed_by_org_id = org
      and not exists (select from public.users e where e.account_id = a.id and e.org_id <> org));
end $$;
