-- owner: lookup; callers: none
-- Sent anew, revoked or accepted: the links that were sent before end.
create or replace function app.end_invitation_links() returns trigger
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  delete from public.invitation_tokens t where t.org_id = new.org_id and t.invitation_id = new.id and t.used_at is null;
  return null;
end $$;
