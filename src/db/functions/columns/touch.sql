-- owner: owner; callers: none
-- For tables with a version: a change raises it.
create or replace function app.touch() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  new.version := old.version + 1;
  return new;
end $$;
