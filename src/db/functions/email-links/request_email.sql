-- owner: lookup; callers: app
-- Asks for a link to the address: of the account as it is, or to another one, of which the old one is told. The same
-- for an address that somebody has: they are told instead. Null once it is done; else why not: three times within the
-- hour, to either address, or until when the latest change may be taken back, by the link that another change would end.
create or replace function app.request_email(account uuid, email_address text, ctx jsonb) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare known public.accounts; owner uuid; lang text := app.language_of(account); sent uuid; until timestamptz;
begin
  perform app.refuse_inside();
  select * into known from public.accounts a where a.id = account and a.status = 'active' for update;
  if not found or app.mailed(known.email, array['email-changing', 'verify-email']) >= 3 then return '{"often": true}'; end if;
  if email_address is null then
    perform app.queue_account_mail(account, 'verify-email', lang, '{}'), app.note_account(account, 'auth:request_verification', ctx);
    return null;
  end if;
  select max(t.expires_at) into until from public.account_tokens t where t.account_id = account and t.purpose = 'undo_email'
    and t.used_at is null and t.expires_at > now() and t.new_email <> known.email;
  if until is not null then return jsonb_build_object('until', until); end if;
  -- which of these mails it got tells nobody whether it has an account
  if app.mailed(email_address, array['change-email', 'address-known', 'register']) >= 3 then return '{"often": true}'; end if;
  select a.id into owner from public.accounts a where a.email = email_address;
  sent := app.queue_account_mail(coalesce(owner, account), case when owner is null then 'change-email' else 'address-known' end, lang, '{}', email_address);
  perform app.queue_account_mail(account, 'email-changing', lang,
      jsonb_build_object('mail', sent, 'proved', known.email_verified_at is not null)),
    app.note_account(account, 'auth:request_email', ctx);
  return null;
end $$;
