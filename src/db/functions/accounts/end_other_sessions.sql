-- owner: lookup; callers: none
-- Every session of the account but one, and those in which its person acts as someone else.
create or replace function app.end_other_sessions(account uuid, session uuid) returns void language sql volatile set search_path = pg_catalog, pg_temp as $$
  update public.sessions s set revoked_at = now() where s.revoked_at is null and s.id is distinct from session and (s.account_id = account
    or (s.org_id, s.impersonator_id) in (select u.org_id, u.id from public.users u where u.account_id = account))
$$;
