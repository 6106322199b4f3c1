-- owner: owner; callers: none
create or replace function app.rights_of_groups() returns trigger language plpgsql
  set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
begin
  perform pg_notify('rights', 'o:' || o.org_id)
  from (select distinct o.org_id from old_rows o join new_rows n using (org_id, id)
        where (n.parent_id, n.deleted_at) is distinct from (o.parent_id, o.deleted_at)) o;
  return null;
end $$;
