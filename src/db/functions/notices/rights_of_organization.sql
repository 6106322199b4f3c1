-- owner: owner; callers: none
create or replace function app.rights_of_organization() returns trigger language plpgsql
  set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
begin
  perform pg_notify('rights', 'o:' || o.org_id)
  from (select distinct o.org_id from old_rows o left join new_rows n using (org_id, id) where n.version is distinct from o.version) o;
  return null;
end $$;
