-- owner: lookup; callers: app
-- From active to suspended and back, by what it is now; answers as app.update_organization does.
create or replace function app.toggle_organization(target uuid, seen int)
  returns table (id uuid, doc text, version int, stale boolean, unchanged boolean)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare was text;
begin
  perform app.platform_actor('organization:update:all');
  select o.status into was from public.organizations o where o.id = target for update;
  return query select * from app.update_organization(target,
    jsonb_build_object('status', case was when 'active' then 'suspended' else 'active' end), seen);
end $$;
