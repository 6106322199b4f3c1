-- owner: owner; callers: none
-- What only a definer function changes, whatever statement the application was brought to run.
create or replace function app.refuse_application() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if current_user = app.role_app() then
    raise exception 'the application does not change this by itself' using errcode = '42501';
  end if;
  return coalesce(new, old);
end $$;
