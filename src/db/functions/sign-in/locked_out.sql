-- owner: lookup; callers: none
-- Whether a name is locked, for this browser.
create or replace function app.locked_out(account uuid, device bytea) returns boolean language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce((select case when d.hash is null then a.locked_until else d.locked_until end > clock_timestamp()
    from public.accounts a left join public.known_devices d on d.account_id = a.id and d.hash = device where a.id = account), false)
$$;
