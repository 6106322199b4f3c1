-- owner: owner; callers: none
-- Words have no key to their organization, and go with it.
create or replace function app.forget_organization() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  delete from public.search_words w where w.org_id = old.id;
  return null;
end $$;
