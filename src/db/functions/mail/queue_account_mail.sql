-- owner: lookup; callers: none
-- For other definer functions alone: whoever could name an account and an address could take the account over.
create or replace function app.queue_account_mail(account uuid, kind text, lang text, content jsonb, email_address text default null) returns uuid
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare made uuid;
begin
  insert into public.mails (account_id, template, language, recipient, data)
  select a.id, kind, lang, coalesce(email_address, a.email), content from public.accounts a where a.id = account
  returning id into made;
  perform app.queue_job('mail', jsonb_build_object('mail', made), '{}', 0);
  return made;
end $$;
