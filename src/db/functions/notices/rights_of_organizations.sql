-- owner: owner; callers: none
create or replace function app.rights_of_organizations() returns trigger language plpgsql
  set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
begin
  perform pg_notify('rights', 'o:' || o.id) from old_rows o join new_rows n using (id) where n.version <> o.version;
  return null;
end $$;
