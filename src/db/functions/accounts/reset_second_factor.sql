-- owner: lookup; callers: app
-- An administrator ends the second factor of somebody whose account the organization manages. Null: it doesn't;
-- false: there is none.
create or replace function app.reset_second_factor(person uuid) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
  org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
  account uuid;
begin
  if not app.rights(org, app.user_id()) -> 'permissions' ? 'user:update:all' then
    raise exception 'this person may not end a second factor' using errcode = '42501';
  end if;
  -- locked first: who joins another organization meanwhile is no longer managed
  perform from public.accounts a
  where a.id = (select u.account_id from public.users u where u.org_id = org and u.id = person and u.deleted_at is null) for update;
  account := app.managed_account(person);
  if account is null then return null; end if;
  if not app.drop_second_factor(account, null, null, null) then return false; end if;
  insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, via, action, target_type, target_id, request_id, ip)
  values (org, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, (ctx ->> 'impersonator')::uuid, coalesce(ctx ->> 'via', 'sql'), 'user:reset_second_factor',
    'user', person, ctx ->> 'request', (ctx ->> 'ip')::inet);
  insert into public.security_events (account_id, action, data, request_id, ip)
  values (account, 'account:reset_second_factor', jsonb_build_object('org', ctx ->> 'org', 'user', ctx ->> 'user'), ctx ->> 'request', (ctx ->> 'ip')::inet);
  perform app.queue_account_mail(account, 'second-factor', app.language_of(account), '{"what": "reset"}');
  return true;
end $$;
