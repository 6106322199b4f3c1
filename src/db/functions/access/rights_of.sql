-- owner: lookup; callers: app
-- Rights of somebody in the organization that is entered: to compare what is given with what one has.
create or replace function app.rights_of(person uuid) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return app.rights(nullif(current_setting('app.org_id', true), '')::uuid, person);
end $$;
