-- owner: lookup; callers: none
-- Union over active roles and what they inherit, with the groups that the person leads, and until when they stay so; a shadow has every active permission.
-- Two hundred roles take little longer than one: each step is one look into an index with all that the step before found.
create or replace function app.rights(org uuid, person uuid) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare level uuid[]; held uuid[] := '{}'; off uuid[]; codes jsonb; until timestamptz;
begin
  if exists (select from public.users u where u.org_id = org and u.id = person and u.shadow_of_user_id is not null) then
    return jsonb_build_object(
      'permissions', (select coalesce(jsonb_agg(p.code), '[]') from public.permissions p where p.org_id = org and p.status = 'active'),
      'readGroups', '[]'::jsonb, 'writeGroups', '[]'::jsonb, 'leadGroups', '[]'::jsonb, 'until', null);
  end if;
  select array_agg(ur.role_id) filter (where ur.begins_at is null or ur.begins_at <= now()),
    min(case when ur.begins_at > now() then ur.begins_at else ur.expires_at end)
  into level, until from public.user_roles ur
  where ur.org_id = org and ur.user_id = person and (ur.expires_at is null or ur.expires_at > now());
  until := least(until, (select min(m.begins_at) from public.group_members m
    where m.org_id = org and m.user_id = person and m.begins_at > now()));
  while level is not null loop
    -- what is disabled or deleted gives nothing and passes nothing on; there is little of it, so that it is looked for
    select array_agg(r.id) into off from public.roles r
    where r.org_id = org and r.id = any (level) and (r.status <> 'active' or r.deleted_at is not null);
    if off is not null then
      select array_agg(id) into level from unnest(level) id where id <> all (off);
    end if;
    held := held || level;
    select array_agg(distinct p.parent_id) into level from public.role_parents p
    where p.org_id = org and p.role_id = any (level) and p.parent_id <> all (held);
  end loop;
  select jsonb_agg(p.code) into codes from public.permissions p
  where p.org_id = org and p.status = 'active' and p.id in (
    select rp.permission_id from public.role_permissions rp where rp.org_id = org and rp.role_id = any (held));
  return (
    with recursive mine(id, writes, leads) as (
      select g.id, m.role <> 'viewer', m.role = 'lead'
      from public.group_members m join public.groups g on g.org_id = org and g.id = m.group_id
      where m.org_id = org and m.user_id = person and (m.begins_at is null or m.begins_at <= now()) and g.deleted_at is null
      union
      select g.id, m.writes, m.leads from mine m join public.groups g on g.org_id = org and g.parent_id = m.id
      where g.deleted_at is null
    )
    select jsonb_build_object(
      'permissions', coalesce(codes, '[]'),
      'readGroups', coalesce((select jsonb_agg(distinct id) from mine), '[]'),
      'writeGroups', coalesce((select jsonb_agg(distinct id) from mine where writes), '[]'),
      'leadGroups', coalesce((select jsonb_agg(distinct id) from mine where leads), '[]'),
      'until', until));
end $$;
