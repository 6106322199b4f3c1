-- owner: lookup; callers: app
-- An account for somebody in the organization that is entered; managed = made by its administrators.
create or replace function app.create_account(login text, email_address text, hash text, managed boolean) returns uuid
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare made uuid; org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
begin
  if org is null then raise exception 'no organization is entered' using errcode = '42501'; end if;
  insert into public.accounts (username, email, password_hash, password_given, password_changed_at, managed_by_org_id, last_org_id)
  values (login, email_address, hash, managed and hash is not null, case when hash is not null then now() end, case when managed then org end, org)
  returning id into made;
  return made;
end $$;
