-- owner: owner; callers: none
-- A session that gets another token in any other way is renewed by the old one no more.
create or replace function app.end_refresh_tokens() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  delete from public.refresh_tokens r where r.org_id = new.org_id and r.session_id = new.id and r.rotated_at is null;
  return null;
end $$;
