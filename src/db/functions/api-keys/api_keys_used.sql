-- owner: lookup; callers: app
-- When and from where keys were used, many at once, a minute apart.
create or replace function app.api_keys_used(ids uuid[], ips inet[]) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare used int;
begin
  perform app.refuse_inside();
  update public.api_keys k set last_used_at = now(), last_used_ip = u.ip
  from unnest(ids, ips) u(id, ip)
  where k.id = u.id and (k.last_used_at < now() - interval '1 minute') is not false;
  get diagnostics used = row_count;
  return used;
end $$;
