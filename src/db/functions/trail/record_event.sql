-- owner: lookup; callers: app
-- What no trigger sees: sign-out, refusals and exports, in the organization that is entered.
create or replace function app.record_event(name text, type text, target uuid, details jsonb) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
begin
  if name not in ('auth:sign_out', 'access:denied') and name is distinct from type || ':export' then
    raise exception 'the trail is written by triggers: % is not an event to record', name using errcode = '42501';
  end if;
  insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, via, reason, request_id, ip, action, target_type, target_id, data)
  values (nullif(current_setting('app.org_id', true), '')::uuid, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, (ctx ->> 'impersonator')::uuid,
    coalesce(ctx ->> 'via', 'sql'), ctx ->> 'reason', ctx ->> 'request', (ctx ->> 'ip')::inet, name, type, target, details);
end $$;
