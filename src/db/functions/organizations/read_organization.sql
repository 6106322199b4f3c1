-- owner: lookup; callers: app
-- For whoever changes it, too: they see it in its form.
create or replace function app.read_organization(target uuid) returns table (doc text, version int)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.platform_actor('organization:read:all', 'organization:update:all');
  return query select app.organization_json(o), o.version from public.organizations o where o.id = target;
end $$;
