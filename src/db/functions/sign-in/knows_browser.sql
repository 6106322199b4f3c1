-- owner: lookup; callers: app
-- Whether whoever has this name signed in with this browser before.
create or replace function app.knows_browser(name text, device bytea) returns boolean
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  return exists (select from public.known_devices d join public.accounts a on a.id = d.account_id
    where d.hash = device and (a.username = name or a.email = name));
end $$;
