-- owner: lookup; callers: none
-- Whether one of the roles that somebody has, or inherits from, asks for a second factor.
create or replace function app.second_factor_required(org uuid, person uuid) returns boolean
  language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  -- most organizations ask nobody
  if not exists (select from public.roles r where r.org_id = org and r.second_factor_required and r.status = 'active' and r.deleted_at is null) then
    return false;
  end if;
  return exists (
    with recursive held(id, required) as (
      select r.id, r.second_factor_required from public.user_roles ur join public.roles r on r.org_id = org and r.id = ur.role_id
      where ur.org_id = org and ur.user_id = person and (ur.begins_at is null or ur.begins_at <= now()) and (ur.expires_at is null or ur.expires_at > now())
        and r.status = 'active' and r.deleted_at is null
      union
      select r.id, r.second_factor_required from held h join public.role_parents p on p.org_id = org and p.role_id = h.id
      join public.roles r on r.org_id = org and r.id = p.parent_id
      where r.status = 'active' and r.deleted_at is null
    )
    select from held where required);
end $$;
