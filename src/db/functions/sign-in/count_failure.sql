-- owner: lookup; callers: none
-- One failure more: so many lock for so long, and none is counted meanwhile.
create or replace function app.count_failure(failed int, until timestamptz, attempts int, minutes int, out failures int, out lock timestamptz)
  language sql stable set search_path = pg_catalog, pg_temp as $$
  select case when until > now() then failed when failed + 1 >= attempts then 0 else failed + 1 end,
    case when until > now() then until when failed + 1 >= attempts then now() + make_interval(mins => minutes) else until end
$$;
