-- owner: lookup; callers: none
-- What happened to an account: for itself, and in every organization that its person is in.
create or replace function app.note_account(account uuid, name text, ctx jsonb) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  insert into public.security_events (account_id, action, request_id, ip) values (account, name, ctx ->> 'request', (ctx ->> 'ip')::inet);
  insert into public.events (org_id, actor_org_id, actor_user_id, via, action, target_type, target_id, request_id, ip, cause_id, cause_kind)
  select u.org_id, u.org_id, u.id, coalesce(ctx ->> 'via', 'web'), name, 'user', u.id, ctx ->> 'request', (ctx ->> 'ip')::inet,
    (ctx ->> 'cause')::uuid, ctx ->> 'cause_kind'
  from public.users u where u.account_id = account and u.deleted_at is null;
end $$;
