-- owner: lookup; callers: none
-- The account of an open session in which its person acts, locked; null where there is none.
create or replace function app.account_of_session(session uuid, account uuid) returns uuid language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  perform from public.accounts a where a.id = account and a.status = 'active' for update;
  if not found then return null; end if;
  return (select s.account_id from public.sessions s where s.id = session and s.account_id = account and s.kind <> 'impersonation'
    and s.revoked_at is null and s.expires_at > now());
end $$;
