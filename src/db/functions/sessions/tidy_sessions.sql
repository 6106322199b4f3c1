-- owner: lookup; callers: app
-- Takes away what is older than its time, so many rows at most; answers how many went.
create or replace function app.tidy_sessions(most int) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare gone int;
begin
  perform app.refuse_inside();
  delete from public.refresh_tokens where (org_id, id) in (
    select r.org_id, r.id from public.refresh_tokens r where r.expires_at < now() limit most for update skip locked);
  get diagnostics gone = row_count;
  return gone;
end $$;
