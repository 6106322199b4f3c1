-- owner: owner; callers: none
-- Roles are part of a person: a new version, one for all that this very transaction wrote.
create or replace function app.touch_user_roles() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute 'update public.users u set version = version + 1, updated_at = now()
    where (u.org_id, u.id) in (select org_id, user_id from changed_rows) and u.xmin <> pg_current_xact_id()::xid';
  return null;
end $$;
