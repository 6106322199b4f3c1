-- owner: lookup; callers: app
-- Somebody had a link that works, and who vouches for it may no longer give what it gives.
create or replace function app.note_refused_invitation(invitation uuid, because text) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
  ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
begin
  insert into public.events (org_id, actor_org_id, via, action, target_type, target_id, data, reason, request_id, ip)
  select org, org, coalesce(ctx ->> 'via', 'sql'), 'invitation:refuse', 'invitation', i.id, jsonb_build_object('after', jsonb_build_object('because', because)),
    ctx ->> 'reason', ctx ->> 'request', (ctx ->> 'ip')::inet
  from public.invitations i where i.org_id = org and i.id = invitation;
end $$;
