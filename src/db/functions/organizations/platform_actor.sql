-- owner: owner; callers: lookup
-- Who acts, where they are at home in the platform organization and hold one of the permissions now.
create or replace function app.platform_actor(variadic permissions text[]) returns uuid
  language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
  org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
  person uuid := (ctx ->> 'user')::uuid;
begin
  if (ctx ->> 'org')::uuid = org
    and exists (select from public.organizations o join public.users u on u.org_id = o.id
      where o.id = org and o.kind = 'platform' and o.status = 'active' and u.id = person and u.status = 'active' and u.deleted_at is null)
    and app.rights(org, person) -> 'permissions' ?| permissions
  then
    return person;
  end if;
  raise exception 'not for this organization or this person' using errcode = '42501';
end $$;
