-- owner: lookup; callers: app
-- What an invitation says, and its link: made by whoever sends it. Null where the mail is no longer to be sent.
create or replace function app.invitation_mail(mail uuid, hash bytea) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare entry public.invitations;
begin
  perform app.refuse_inside();
  select i.* into entry from public.mails m join public.invitations i on i.org_id = m.for_org_id and i.mail_id = m.id
  where m.id = mail and m.status = 'queued' and m.recipient = i.email and i.status = 'pending' and i.deleted_at is null and i.expires_at > now()
  for update of i;
  if not found then return null; end if;
  insert into public.invitation_tokens (org_id, invitation_id, token_hash) values (entry.org_id, entry.id, hash);
  return jsonb_build_object('inviter', (
    select u.full_name from public.users u
    where u.org_id = entry.org_id and u.id = entry.invited_by));
end $$;
