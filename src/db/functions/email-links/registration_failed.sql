-- owner: lookup; callers: app
-- Counts a wrong password: five, and the link is dead.
create or replace function app.registration_failed(token bytea) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  update public.registrations r set failed = r.failed + 1
  where r.id = (select t.registration_id from public.account_tokens t where t.token_hash = token);
end $$;
