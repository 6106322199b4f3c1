-- owner: lookup; callers: app
-- Takes away pending sign-ins that are too old, so many at most; answers how many went.
create or replace function app.tidy_pending_sign_ins(most int) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare gone int;
begin
  perform app.refuse_inside();
  delete from public.pending_sign_ins where token_hash in (
    select p.token_hash from public.pending_sign_ins p where p.expires_at < now() limit most for update skip locked);
  get diagnostics gone = row_count;
  return gone;
end $$;
