-- owner: lookup; callers: app
-- What a mail about an account or a registration says, and its link: made by whoever sends it, of the kind and for the
-- account that the mail is. The newest of a kind counts, but for those that take a change back. Null where the mail is
-- no longer to be sent.
create or replace function app.account_mail(mail uuid, hash bytea) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare m public.mails; known public.accounts; entry public.registrations; kind text; ends timestamptz;
begin
  perform app.refuse_inside();
  select * into m from public.mails where id = mail and status = 'queued';
  kind := case m.template when 'register' then 'register' when 'reset-password' then 'reset_password' when 'verify-email' then 'verify_email'
    when 'change-email' then 'change_email' when 'email-changing' then 'undo_email' when 'account-locked' then 'unlock' end;
  if kind = 'register' then
    select * into entry from public.registrations r where r.id = (m.data ->> 'registration')::uuid and r.expires_at > now();
    ends := entry.expires_at;
  else
    select * into known from public.accounts a where a.id = m.account_id and a.status = 'active' for update;
    ends := m.created_at + case kind when 'undo_email' then interval '7 days' when 'verify_email' then interval '24 hours' else interval '1 hour' end;
    if kind is not null and m.created_at < known.control_changed_at and not coalesce((m.data ->> 'mail')::uuid = known.control_mail_id, false)
      or kind in ('reset_password', 'verify_email', 'unlock') and known.email <> m.recipient then return null; end if;
  end if;
  if num_nonnulls(known.id, entry.id) = 0 or kind is not null and ends < now() then return null; end if;
  if kind is not null then
    delete from public.account_tokens t
    where t.account_id = known.id and kind <> 'undo_email' and t.purpose = kind and t.used_at is null and t.mail_id <> m.id;
    insert into public.account_tokens (account_id, registration_id, purpose, new_email, mail_id, token_hash, expires_at)
    values (known.id, entry.id, kind, case when kind in ('change_email', 'undo_email') then m.recipient end, m.id, hash, ends);
  end if;
  return jsonb_build_object('username', coalesce(known.username, entry.username),
    'newEmail', (select r.recipient from public.mails r where r.id = (m.data ->> 'mail')::uuid));
end $$;
