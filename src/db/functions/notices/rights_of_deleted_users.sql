-- owner: owner; callers: none
create or replace function app.rights_of_deleted_users() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform app.notify_rights(array_agg('u:' || o.id), (array_agg(o.org_id))[1]) from old_rows o having count(*) > 0;
  return null;
end $$;
