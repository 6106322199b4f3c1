-- owner: lookup; callers: app
-- A mail of the organization that is entered.
create or replace function app.queue_mail(kind text, email_address text, lang text, content jsonb) returns uuid
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare org uuid := nullif(current_setting('app.org_id', true), '')::uuid; made uuid;
begin
  if org is null then raise exception 'no organization is entered' using errcode = '42501'; end if;
  insert into public.mails (for_org_id, template, language, recipient, data) values (org, kind, lang, email_address, content)
  returning id into made;
  perform app.queue_job('mail', jsonb_build_object('mail', made), '{}', 0);
  return made;
end $$;
