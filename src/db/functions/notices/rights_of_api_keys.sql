-- owner: owner; callers: none
create or replace function app.rights_of_api_keys() returns trigger language plpgsql
  set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
begin
  perform app.notify_rights(array_agg('k:' || o.id), (array_agg(o.org_id))[1])
  from old_rows o left join new_rows n using (org_id, id) where n.version is distinct from o.version having count(*) > 0;
  return null;
end $$;
