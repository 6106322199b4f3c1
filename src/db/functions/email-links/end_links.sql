-- owner: owner; callers: none
-- Another address, another password or the end of an account ends its links, but those that take a change back.
create or replace function app.end_links() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  delete from public.account_tokens t where t.account_id = new.id and t.used_at is null and t.purpose <> 'undo_email';
  return null;
end $$;
