-- owner: owner; callers: lookup
-- Built-in permissions and roles as the code declares them, for one organization or all. A permission that is new
-- goes into the templates that have it; what somebody took out of a role stays out.
create or replace function app.seed_access(place uuid, access jsonb) returns void language sql volatile as $$
  with places as (
    select id as org_id, kind from public.organizations where place is null or id = place
  ), fresh as (
    insert into public.permissions (org_id, model, action, scope, description, category, builtin)
    select o.org_id, p.model, p.action, p.scope, p.description, p.model, true
    from places o cross join jsonb_to_recordset(access -> 'permissions') p(model text, action text, scope text, description text)
    on conflict (org_id, model, action, scope) do nothing
    returning org_id, id, code
  ), new_roles as (
    insert into public.roles (org_id, name, description, template, builtin)
    select o.org_id, r.name, r.description, r.name, true
    from places o cross join jsonb_to_recordset(access -> 'roles') r(name text, description text)
    where (r.name <> 'superadmin' or o.kind = 'platform')
      and not exists (select from public.roles e where e.org_id = o.org_id and e.builtin and e.template = r.name)
    on conflict do nothing
    returning org_id, id, template
  ), all_roles as (
    select org_id, id, template from new_roles
    union all
    select r.org_id, r.id, r.template from public.roles r join places o using (org_id) where r.builtin
  )
  insert into public.role_permissions (org_id, role_id, permission_id)
  select r.org_id, r.id, p.id
  from all_roles r
  join jsonb_to_recordset(access -> 'held') h(role text, code text) on h.role = r.template
  join fresh p on p.org_id = r.org_id and p.code = h.code
  on conflict do nothing
$$;
