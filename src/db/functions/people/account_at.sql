-- owner: lookup; callers: app
-- Whether an address has an account, and whether somebody else's has that name.
create or replace function app.account_at(email_address text, login text) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  if nullif(current_setting('app.org_id', true), '') is null then
    raise exception 'no organization is entered' using errcode = '42501';
  end if;
  return jsonb_build_object('known', exists (select from public.accounts a where a.email = email_address),
    'taken', exists (select from public.accounts a where app.fold(a.username) = app.fold(login) and a.email <> email_address));
end $$;
