-- owner: lookup; callers: none
-- Who controls an account has changed, in whatever way: every link, session, browser and proof from before ends, by the
-- clock, not by when this transaction began. What goes on is named: the session that acts, under another token, with
-- its browser, and the link that takes this very change back, which went with the same mail.
create or replace function app.end_control(account uuid, session uuid default null, renewed bytea default null, device bytea default null,
    change uuid default null) returns void language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare kept uuid;
begin
  update public.accounts a set control_changed_at = clock_timestamp(), control_mail_id = change where a.id = account;
  delete from public.account_tokens t where t.account_id = account and t.used_at is null and not (t.purpose = 'undo_email'
    and exists (select from public.mails m where m.id = t.mail_id and (m.data ->> 'mail')::uuid = change));
  delete from public.known_devices d where d.account_id = account and d.hash is distinct from device;
  update public.sessions s set token_hash = coalesce(renewed, s.token_hash)
  where s.id = session and s.account_id = account and s.revoked_at is null returning s.id into kept;
  if renewed is not null and kept is not null then perform pg_notify('rights', 's:' || kept); end if;
  perform app.end_other_sessions(account, kept);
end $$;
