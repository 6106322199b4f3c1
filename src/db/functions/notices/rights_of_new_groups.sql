-- owner: owner; callers: none
create or replace function app.rights_of_new_groups() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_notify('rights', 'o:' || n.org_id) from (select distinct org_id from new_rows where parent_id is not null) n;
  return null;
end $$;
