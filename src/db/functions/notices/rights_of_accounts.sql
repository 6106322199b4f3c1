-- owner: owner; callers: none
create or replace function app.rights_of_accounts() returns trigger language plpgsql
  set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
begin
  perform pg_notify('rights', 'a:' || o.id) from old_rows o join new_rows n using (id) where n.status <> o.status;
  return null;
end $$;
