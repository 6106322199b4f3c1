-- owner: lookup; callers: none
-- What an administrator did to an account: refused to whoever may not change everybody.
create or replace function app.note_administration(person uuid, account uuid, name text) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
  org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
begin
  if not app.rights(org, app.user_id()) -> 'permissions' ? 'user:update:all' then
    raise exception 'this person may not change how others sign in' using errcode = '42501';
  end if;
  insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, via, action, target_type, target_id, request_id, ip)
  values (org, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, (ctx ->> 'impersonator')::uuid, coalesce(ctx ->> 'via', 'sql'), 'user:' || name,
    'user', person, ctx ->> 'request', (ctx ->> 'ip')::inet);
  insert into public.security_events (account_id, action, data, request_id, ip)
  values (account, 'account:' || name, jsonb_build_object('org', ctx ->> 'org', 'user', ctx ->> 'user'), ctx ->> 'request', (ctx ->> 'ip')::inet);
end $$;
