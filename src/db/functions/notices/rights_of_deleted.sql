-- owner: owner; callers: none
create or replace function app.rights_of_deleted() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_notify('rights', 'o:' || o.org_id) from (select distinct org_id from old_rows) o;
  return null;
end $$;
