-- owner: lookup; callers: app
-- Takes away what is older than its time, so many rows of each kind at most; answers how many went.
create or replace function app.tidy_accounts(most int) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare gone int; total int := 0;
begin
  perform app.refuse_inside();
  delete from public.account_tokens where id in (
    select t.id from public.account_tokens t where t.expires_at < now() - interval '30 days' limit most for update skip locked);
  get diagnostics gone = row_count; total := total + gone;
  delete from public.registrations where id in (
    select r.id from public.registrations r where r.expires_at < now() limit most for update skip locked);
  get diagnostics gone = row_count; total := total + gone;
  -- the cookie of a device lasts as long
  delete from public.known_devices where (account_id, hash) in (
    select d.account_id, d.hash from public.known_devices d where d.last_used_at < now() - interval '182 days' limit most for update skip locked);
  get diagnostics gone = row_count;
  return total + gone;
end $$;
