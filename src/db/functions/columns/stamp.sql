-- owner: owner; callers: none
-- For tables without a version of their own.
create or replace function app.stamp() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end $$;
