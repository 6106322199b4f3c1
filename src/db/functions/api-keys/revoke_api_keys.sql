-- owner: lookup; callers: none
-- Whoever comes back after they were deleted makes new keys.
create or replace function app.revoke_api_keys() returns trigger
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  update public.api_keys k set revoked_at = now() where k.org_id = new.org_id and k.user_id = new.id and k.revoked_at is null;
  return null;
end $$;
