-- owner: lookup; callers: app
-- When sessions were seen, many at once.
create or replace function app.sessions_seen(ids uuid[]) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare seen int;
begin
  perform app.refuse_inside();
  update public.sessions set last_seen_at = now() where id = any (ids) and revoked_at is null and last_seen_at < now() - interval '30 seconds';
  get diagnostics seen = row_count;
  return seen;
end $$;
