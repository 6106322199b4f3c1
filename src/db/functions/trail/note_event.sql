-- owner: owner; callers: lookup
-- What no trigger sees, in the trail of one organization.
create or replace function app.note_event(place uuid, name text, about uuid, details jsonb, because text default null) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
begin
  insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, via, reason, request_id, ip, action, target_type, target_id, data)
  values (place, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, (ctx ->> 'impersonator')::uuid, coalesce(ctx ->> 'via', 'sql'),
    coalesce(because, ctx ->> 'reason'), ctx ->> 'request', (ctx ->> 'ip')::inet, name, 'organization', about, details);
end $$;
