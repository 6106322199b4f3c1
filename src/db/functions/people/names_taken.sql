-- owner: lookup; callers: app
-- Which of these names and addresses accounts have.
create or replace function app.names_taken(usernames text[], emails text[]) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  if nullif(current_setting('app.org_id', true), '') is null then
    raise exception 'no organization is entered' using errcode = '42501';
  end if;
  return jsonb_build_object(
    'usernames', (select coalesce(jsonb_agg(a.username), '[]') from public.accounts a where a.username = any (usernames)),
    'emails', (select coalesce(jsonb_agg(a.email), '[]') from public.accounts a where a.email = any (emails)));
end $$;
