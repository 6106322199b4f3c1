-- owner: owner; callers: none
create or replace function app.rights_of_factors() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_notify('rights', 'a:' || coalesce(new.account_id, old.account_id));
  return null;
end $$;
