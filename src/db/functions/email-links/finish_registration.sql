-- owner: lookup; callers: app
-- The account of a registration, under a user name that may be another by now; null where the link is no good.
create or replace function app.finish_registration(token bytea, login text) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare entry public.registrations; made uuid;
begin
  delete from public.registrations r where r.expires_at > now() and r.failed < 5
    and r.id = (select t.registration_id from public.account_tokens t where t.token_hash = token) returning * into entry;
  if not found then return null; end if;
  insert into public.accounts (username, email, password_hash, password_changed_at, email_verified_at, last_org_id)
  values (login, entry.email, entry.password_hash, now(), now(), nullif(current_setting('app.org_id', true), '')::uuid)
  returning id into made;
  return jsonb_build_object('account', made, 'email', entry.email, 'first_name', entry.first_name, 'last_name', entry.last_name);
end $$;
