-- owner: lookup; callers: app
-- Takes away what is older than its time, so many rows of each kind at most; answers how many went.
create or replace function app.tidy(most int) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare gone int; total int := 0;
begin
  perform app.refuse_inside();
  delete from public.rate_limits where key in (
    select r.key from public.rate_limits r where r.expire < extract(epoch from now()) * 1000 limit most);
  get diagnostics gone = row_count; total := total + gone;
  delete from public.idempotency_keys where (org_id, user_id, key, ordinal) in (
    select k.org_id, k.user_id, k.key, k.ordinal from public.idempotency_keys k
    where k.created_at < now() - interval '25 hours' limit most);
  get diagnostics gone = row_count; total := total + gone;
  delete from public.imports where (org_id, id) in (
    select i.org_id, i.id from public.imports i
    where i.created_at < now() - interval '25 hours' and i.updated_at < now() - interval '1 hour' limit most);
  get diagnostics gone = row_count; total := total + gone;
  delete from public.mails where id in (
    select m.id from public.mails m where m.status = 'kept' and m.created_at < now() - interval '7 days'
      or m.status = 'sent' and m.created_at < now() - interval '30 days' or m.created_at < now() - interval '90 days'
    limit most);
  get diagnostics gone = row_count; total := total + gone;
  -- names that nobody has forget their failures as late as accounts do, or one could tell them apart
  delete from public.unknown_logins where name_hash in (
    select l.name_hash from public.unknown_logins l where l.updated_at < now() - interval '30 days' limit most);
  get diagnostics gone = row_count; total := total + gone;
  update public.accounts set failed_logins = 0 where id in (
    select a.id from public.accounts a where a.failed_logins > 0 and not exists (select from public.security_events e
      where e.account_id = a.id and e.created_at >= now() - interval '30 days' and e.action in ('sign_in:failed', 'sign_in:locked'))
    limit most);
  get diagnostics gone = row_count;
  return total + gone;
end $$;
