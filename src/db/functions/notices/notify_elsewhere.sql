-- owner: lookup; callers: none
-- Whether somebody can change to another organization is known to each of their sessions.
create or replace function app.notify_elsewhere() returns trigger
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_notify('rights', 'a:' || new.account_id) where exists (
    select from public.users u where u.account_id = new.account_id and u.org_id <> new.org_id);
  return null;
end $$;
