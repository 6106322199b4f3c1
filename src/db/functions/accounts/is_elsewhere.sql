-- owner: lookup; callers: none
-- By whatever way they do. Two looks at an index for each row, also for thousands.
create or replace function app.is_elsewhere(account uuid, org uuid) returns boolean language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return exists (select from public.accounts a where a.id = account and a.managed_by_org_id <> org)
    or exists (select from public.users u where u.account_id = account and u.org_id <> org);
end $$;
