-- owner: lookup; callers: app
-- Of an account without one, by its organization; stands in the trail.
create or replace function app.set_first_password(person uuid, hash text) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare known public.accounts := app.lock_managed_account(person);
begin
  if known.id is null or known.password_hash is not null then return false; end if;
  update public.accounts a set password_hash = hash, password_given = true, password_changed_at = clock_timestamp() where a.id = known.id;
  perform app.end_control(known.id);
  perform app.note_administration(person, known.id, 'set_password');
  return true;
end $$;
