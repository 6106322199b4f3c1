-- owner: owner; callers: app, lookup
-- An organization as JSON, for rows that the caller may see; it counts people up to a thousand.
create or replace function app.organization_json(o public.organizations) returns text language sql stable as $$
  select row_to_json(record)::text from (
    select o.id, o.kind, o.name, o.slug, o.status, o.is_default, o.settings,
      least(n.people, 1000) as users, n.people > 1000 as users_is_lower_bound, o.created_at, o.updated_at, o.version
    from (select count(*)::int as people from (
      select from public.users u where u.org_id = o.id and u.deleted_at is null limit 1001) counted) n) record
$$;
