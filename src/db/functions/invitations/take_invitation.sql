-- owner: lookup; callers: app
-- Uses a link of the organization that is entered up, and answers the account that joins: a new one, one that gets
-- its first password by it, or one whose password was just proved. Null where the link is no good (any more).
create or replace function app.take_invitation(token bytea, login text, hash text, proved_account uuid, proved timestamptz) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
  ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
  entry public.invitations; person public.users; known public.accounts;
begin
  select i.* into entry from public.invitations i
  where i.org_id = org and i.id = (select t.invitation_id from public.invitation_tokens t where t.org_id = org and t.token_hash = token)
    and i.status = 'pending' and i.deleted_at is null and i.expires_at > now()
    and exists (select from public.organizations o where o.id = org and o.status = 'active') for update of i;
  if not found then return null; end if;
  if entry.user_id is not null then
    select u.* into person from public.users u where u.org_id = org and u.id = entry.user_id and u.status = 'invited'
      and u.deleted_at is null and u.email = entry.email for update of u;
    if not found then return null; end if;
  end if;
  select a.* into known from public.accounts a where a.email = entry.email for update of a;
  if known.status = 'disabled' or known.id is null and person.account_id is not null
    or known.id is not null and person.account_id is not null and person.account_id <> known.id
    or known.password_hash is null and hash is null
    or known.password_hash is not null and (proved_account is distinct from known.id or (known.control_changed_at <= proved) is false
      or known.email_verified_at is null or known.password_given) then
    return null;
  end if;
  update public.invitation_tokens t set used_at = now() where t.org_id = org and t.token_hash = token and t.used_at is null;
  if not found then return null; end if;
  if known.id is null then
    insert into public.accounts (username, email, password_hash, password_changed_at, email_verified_at, managed_by_org_id, last_org_id)
    values (login, entry.email, hash, clock_timestamp(), now(), org, org) returning * into known;
  else
    -- whoever has the link reads the mail
    if known.password_hash is null then perform app.end_control(known.id); end if;
    update public.accounts a set email_verified_at = coalesce(a.email_verified_at, now()), last_org_id = org,
      username = case when a.id = person.account_id and a.password_hash is null then login else a.username end,
      password_changed_at = case when a.password_hash is null then clock_timestamp() else a.password_changed_at end,
      password_hash = coalesce(a.password_hash, hash)
    where a.id = known.id returning * into known;
  end if;
  insert into public.security_events (account_id, action, data, request_id, ip)
  values (known.id, 'invitation:accept', jsonb_build_object('org', org, 'invitation', entry.id), ctx ->> 'request', (ctx ->> 'ip')::inet);
  return jsonb_build_object('id', entry.id, 'email', entry.email, 'account', known.id, 'username', known.username);
end $$;
