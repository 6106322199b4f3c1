-- owner: lookup; callers: none
-- From now on nobody but its person changes how somebody signs in. Stands in the trail of the organization that did.
create or replace function app.let_go(account uuid, ctx jsonb) returns boolean
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare was uuid := (select a.managed_by_org_id from public.accounts a where a.id = account for update);
begin
  if was is null then return false; end if;
  update public.accounts a set managed_by_org_id = null where a.id = account;
  insert into public.security_events (account_id, action, request_id, ip)
  values (account, 'account:detach', ctx ->> 'request', (ctx ->> 'ip')::inet);
  insert into public.events (org_id, actor_org_id, actor_user_id, via, action, target_type, target_id, request_id, ip, cause_id, cause_kind)
  select u.org_id, u.org_id, u.id, coalesce(ctx ->> 'via', 'sql'), 'account:detach', 'user', u.id, ctx ->> 'request', (ctx ->> 'ip')::inet,
    (ctx ->> 'cause')::uuid, ctx ->> 'cause_kind'
  from public.users u where u.account_id = account and u.org_id = was and u.deleted_at is null;
  return true;
end $$;
