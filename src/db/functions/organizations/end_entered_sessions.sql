-- owner: lookup; callers: none
-- Who is disabled or deleted at home has no session left elsewhere.
create or replace function app.end_entered_sessions() returns trigger
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  update public.sessions s set revoked_at = now()
  where s.home_org_id = new.org_id and s.home_user_id = new.id and s.revoked_at is null;
  return null;
end $$;
