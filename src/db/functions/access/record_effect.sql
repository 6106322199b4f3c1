-- owner: lookup; callers: app
-- How many people gained and lost which permission by a change of a role: numbers by permission and nothing
-- else, so that an injected statement finds no room for words of its own.
create or replace function app.record_effect(role uuid, gains jsonb, loses jsonb, together uuid[]) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
  ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
begin
  if not exists (select from public.roles r where r.org_id = org and r.id = role) then
    raise exception 'an effect is one of a role of this organization' using errcode = '42501';
  end if;
  if cardinality(together) > 200 or exists (select from unnest(together) t(id) where not exists (
      select from public.roles r where r.org_id = org and r.id = t.id)) then
    raise exception 'changed together are roles of this organization, at most 200' using errcode = '42501';
  end if;
  if octet_length(gains::text) + octet_length(loses::text) > 1000000 or exists (
      select from (select * from jsonb_each(gains) union all select * from jsonb_each(loses)) e(code, people)
      where code !~ '^[a-z][a-z0-9_]*:[a-z][a-z0-9_]*:(all|group|own)$' or people::text !~ '^[1-9][0-9]{0,8}$') then
    raise exception 'an effect counts people by permission' using errcode = '42501';
  end if;
  insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, via, reason, request_id, ip, action, target_type, target_id, data)
  values (org, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, (ctx ->> 'impersonator')::uuid, coalesce(ctx ->> 'via', 'sql'),
    ctx ->> 'reason', ctx ->> 'request', (ctx ->> 'ip')::inet, 'role:effect', 'role', role,
    jsonb_build_object('gains', gains, 'loses', loses)
      || case when cardinality(together) > 0 then jsonb_build_object('together_with', to_jsonb(together)) else '{}' end);
end $$;
