-- owner: lookup; callers: app
-- Moves an entered session back. Whoever entered may always leave.
create or replace function app.leave_organization(session uuid) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
  here uuid := nullif(current_setting('app.org_id', true), '')::uuid;
  home uuid := (ctx ->> 'org')::uuid;
  person uuid := (ctx ->> 'user')::uuid;
begin
  update public.sessions s set org_id = s.home_org_id, user_id = s.home_user_id, expires_at = s.home_expires_at,
    home_org_id = null, home_user_id = null, home_expires_at = null
  where s.org_id = here and s.id = session and s.home_org_id = home and s.home_user_id = person and s.revoked_at is null;
  if not found then return false; end if;
  perform app.note_event(place, 'organization:leave', here, jsonb_build_object('session', session)) from unnest(array[home, here]) place;
  perform pg_notify('rights', 's:' || session);
  return true;
end $$;
