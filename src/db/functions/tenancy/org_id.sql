-- owner: owner; callers: app, lookup
-- The organization that is entered; null for none.
create or replace function app.org_id() returns uuid language sql stable parallel safe as
  $$ select nullif(current_setting('app.org_id', true), '')::uuid $$;
