-- owner: lookup; callers: app
-- Takes away proofs that are too old, so many at most; answers how many went.
create or replace function app.tidy_proofs(most int) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare gone int;
begin
  perform app.refuse_inside();
  delete from public.sign_in_proofs where token_hash in (
    select p.token_hash from public.sign_in_proofs p where p.expires_at < now() limit most for update skip locked);
  get diagnostics gone = row_count;
  return gone;
end $$;
