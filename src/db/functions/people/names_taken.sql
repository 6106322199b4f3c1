-- owner: lookup; callers: app
-- Which of these names and addresses accounts have.
create or replace function app.names_taken(usernames text[], emails text[]) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
begin
  if org is null then
    raise exception 'no organization is entered' using errcode = '42501';
  end if;
  return jsonb_build_object(
    'usernames', (select coalesce(jsonb_agg(a.username), '[]') from public.accounts a where a.username = any (usernames)),
    'alike', (
      -- who has no account is looked for once, not for every name
      with here as materialized (
        select u.username, app.fold(u.username) as seen from public.users u
        where u.org_id = org and u.account_id is null and u.deleted_at is null)
      select coalesce(jsonb_agg(n.name), '[]') from (
        select g.name, app.fold(g.name) as seen from unnest(usernames) g(name) offset 0) n
      where exists (select from public.accounts a where app.fold(a.username) = n.seen and a.username <> n.name)
        or (n.seen in (select h.seen from here h)) and n.name not in (select h.username from here h)),
    'emails', (select coalesce(jsonb_agg(a.email), '[]') from public.accounts a where a.email = any (emails)));
end $$;
