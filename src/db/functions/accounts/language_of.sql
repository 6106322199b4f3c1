-- owner: lookup; callers: none
-- In which language somebody reads mail: that of the organization used last.
create or replace function app.language_of(account uuid) returns text language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce((select u.locale from public.users u join public.accounts a on a.id = u.account_id
    where a.id = account and u.deleted_at is null order by u.org_id = a.last_org_id desc nulls last, u.created_at limit 1), 'en')
$$;
