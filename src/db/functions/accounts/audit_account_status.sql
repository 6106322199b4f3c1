-- owner: lookup; callers: none
-- That somebody can sign in no more, or again: for the account itself, and in every organization that its person is in.
create or replace function app.audit_account_status() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
declare ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
begin
  insert into public.security_events (account_id, action, request_id, ip)
  select n.id, case n.status when 'active' then 'account:enable' else 'account:disable' end, ctx ->> 'request', (ctx ->> 'ip')::inet
  from new_rows n join old_rows o using (id) where n.status <> o.status;
  insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, via, reason, request_id, ip, target_type, target_id, action, data)
  select u.org_id, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, (ctx ->> 'impersonator')::uuid, coalesce(ctx ->> 'via', 'sql'),
    ctx ->> 'reason', ctx ->> 'request', (ctx ->> 'ip')::inet, 'user', u.id,
    case n.status when 'active' then 'account:enable' else 'account:disable' end,
    jsonb_build_object('before', jsonb_build_object('status', o.status), 'after', jsonb_build_object('status', n.status))
  from new_rows n join old_rows o using (id) join public.users u on u.account_id = n.id
  where n.status <> o.status and u.deleted_at is null;
  return null;
end $$;
