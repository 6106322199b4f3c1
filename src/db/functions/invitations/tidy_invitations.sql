-- owner: lookup; callers: app
-- What nobody accepted in time, so many at most; answers how many.
create or replace function app.tidy_invitations(most int) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare gone int;
begin
  perform app.refuse_inside();
  perform set_config('app.context', '{"via": "job", "reason": "its time is over"}', true);
  update public.invitations set status = 'expired' where (org_id, id) in (
    select i.org_id, i.id from public.invitations i where i.status = 'pending' and i.expires_at <= now() limit most for update skip locked);
  get diagnostics gone = row_count;
  return gone;
end $$;
