-- owner: lookup; callers: app
-- For commands, which are told a slug or nothing.
create or replace function app.find_organization(place_slug text) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select jsonb_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'status', o.status)
    from public.organizations o where case when place_slug is null then o.is_default else o.slug = place_slug end);
end $$;
