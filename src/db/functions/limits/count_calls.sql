-- owner: lookup; callers: app
-- Adds what one process counted. Answers by key how many all processes counted, and the milliseconds that are left of
-- the window. In one order, so that processes wait for each other in no circle.
create or replace function app.count_calls(keys text[], calls int[], window_ms int) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare at bigint := extract(epoch from clock_timestamp()) * 1000; answer jsonb;
begin
  perform app.refuse_inside();
  with counted as (
    insert into public.rate_limits as r (key, points, expire)
    select c.key, sum(c.calls), at + window_ms from unnest(keys, calls) c (key, calls) group by c.key order by c.key
    on conflict on constraint rate_limits_pkey do update set
      points = case when r.expire > at then r.points else 0 end + excluded.points,
      expire = case when r.expire > at then r.expire else excluded.expire end
    returning r.key, r.points, r.expire - at as left_ms)
  select jsonb_object_agg(c.key, jsonb_build_array(c.points, c.left_ms)) into answer from counted c;
  return answer;
end $$;
