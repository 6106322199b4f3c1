-- owner: owner; callers: none
-- What has no key to its organization goes with it.
create or replace function app.forget_organization() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  delete from public.events e where e.org_id = old.id;
  delete from public.search_words w where w.org_id = old.id;
  return null;
end $$;
