-- owner: lookup; callers: none
-- Organizations have no org_id: their own id stands in. With only what differs, as of every other table.
create or replace function app.audit_organizations() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
begin
  insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, via, reason, request_id, ip, target_type, target_id, action, data)
  select n.id, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, (ctx ->> 'impersonator')::uuid, coalesce(ctx ->> 'via', 'sql'), ctx ->> 'reason',
         ctx ->> 'request', (ctx ->> 'ip')::inet, 'organization', n.id, 'organization:update', jsonb_build_object(
           'before', (select jsonb_object_agg(k, v) from jsonb_each(d.was) e(k, v) where d.becomes -> k <> v),
           'after', (select jsonb_object_agg(k, v) from jsonb_each(d.becomes) e(k, v) where d.was -> k <> v))
  from new_rows n join old_rows o using (id), lateral (select
    jsonb_build_object('name', o.name, 'slug', o.slug, 'status', o.status, 'settings', o.settings, 'is_default', o.is_default, 'kind', o.kind) was,
    jsonb_build_object('name', n.name, 'slug', n.slug, 'status', n.status, 'settings', n.settings, 'is_default', n.is_default, 'kind', n.kind) becomes) d
  where d.was <> d.becomes;
  return null;
end $$;
