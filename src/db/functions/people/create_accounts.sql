-- owner: lookup; callers: app
-- Accounts without a password, managed by the organization that is entered; their ids in the order of the people.
create or replace function app.create_accounts(people jsonb) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare made jsonb; org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
begin
  if org is null then raise exception 'no organization is entered' using errcode = '42501'; end if;
  with given as materialized (
    select app.uuid_v7() as id, p.n, p.person ->> 'username' as username, p.person ->> 'email' as email
    from jsonb_array_elements(people) with ordinality p(person, n)
  ), inserted as (
    insert into public.accounts (id, username, email, managed_by_org_id, last_org_id)
    select g.id, g.username, g.email, org, org from given g order by g.n
  )
  select coalesce(jsonb_agg(g.id order by g.n), '[]') into made from given g;
  return made;
end $$;
