-- owner: owner; callers: none
-- Permissions and parents are part of a role: a new version.
create or replace function app.touch_roles() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute 'update public.roles r set version = version + 1, updated_at = now()
    where (r.org_id, r.id) in (select org_id, role_id from changed_rows)';
  return null;
end $$;
