-- owner: owner; callers: app, lookup
-- Whose row a column of the organization names: in one that was entered, the shadow.
create or replace function app.user_id() returns uuid language sql stable parallel safe as
  $$ select (coalesce(c ->> 'shadow', c ->> 'user'))::uuid from (select nullif(current_setting('app.context', true), '')::jsonb) context(c) $$;
