-- owner: lookup; callers: app
-- Until when sign-in is locked, of accounts that the organization manages: a lock guards the other companies, too.
create or replace function app.account_lock(person uuid) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select jsonb_build_object('until', a.locked_until) from public.accounts a
    where a.id = app.managed_account(person) and a.locked_until > now());
end $$;
