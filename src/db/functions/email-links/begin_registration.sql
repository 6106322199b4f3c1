-- owner: lookup; callers: app
-- Registers with an address that is to be confirmed. The same work for one that has an account, whose person is told;
-- at most three mails an hour. False: the user name is taken.
create or replace function app.begin_registration(login text, email_address text, first_name text, last_name text, hash text, ctx jsonb) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare made uuid; owner uuid; org uuid := app.default_organization();
begin
  perform app.refuse_inside();
  if exists (select from public.accounts a where app.fold(a.username) = app.fold(login))
    or exists (select from public.users u where u.org_id = org and app.fold(u.username) = app.fold(login) and u.deleted_at is null) then return false; end if;
  insert into public.registrations (username, email, first_name, last_name, password_hash) values (login, email_address, first_name, last_name, hash)
  returning id into made;
  insert into public.security_events (action, data, request_id, ip)
  values ('auth:register', jsonb_build_object('registration', made), ctx ->> 'request', (ctx ->> 'ip')::inet);
  select a.id into owner from public.accounts a where a.email = email_address;
  if app.mailed(email_address, array['change-email', 'address-known', 'register']) >= 3 then
    perform app.queue_no_mail();
  elsif owner is not null then
    perform app.queue_account_mail(owner, 'address-known', app.language_of(owner), '{}');
  else
    perform app.enter(org, ctx::text, 5000), app.queue_mail('register', email_address, 'en', jsonb_build_object('registration', made));
  end if;
  return true;
end $$;
