-- owner: owner; callers: none
-- Another address or password is another's hand, whoever makes the change: proofs from before count no more.
create or replace function app.date_control() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.control_changed_at := greatest(old.control_changed_at, case when new.password_changed_at is distinct from old.password_changed_at
    then new.password_changed_at else clock_timestamp() end);
  return new;
end $$;
