import { type Kysely, sql } from 'kysely'

/** Counts of all processes together: settled many at once, and noted where somebody reached theirs. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- updated in place, again and again
    alter table rate_limits set (fillfactor = 70);
    do $$ begin execute format('grant insert, update on rate_limits to %I', app.role_lookup()); end $$;

    -- Adds what one process counted. Answers by key how many all processes counted, and the milliseconds that are left of
    -- the window. In one order, so that processes wait for each other in no circle.
    create function app.count_calls(keys text[], calls int[], window_ms int) returns jsonb
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

    -- Whether whoever has this name signed in with this browser before.
    create function app.knows_browser(name text, device bytea) returns boolean
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      return exists (select from public.known_devices d join public.accounts a on a.id = d.account_id
        where d.hash = device and (a.username = name or a.email = name));
    end $$;

    -- That a limit was reached, by the hash of whose it is.
    create function app.note_limit(details jsonb, request text, address inet) returns void
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      insert into public.security_events (action, data, request_id, ip) values ('rate:limited', details, request, address);
    end $$;

    do $$
    declare f text;
    begin
      foreach f in array array['app.count_calls(text[], int[], int)', 'app.knows_browser(text, bytea)', 'app.note_limit(jsonb, text, inet)'] loop
        perform app.give_to_lookup(f), app.give_to_app(f);
      end loop;
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop function app.note_limit(jsonb, text, inet), app.knows_browser(text, bytea), app.count_calls(text[], int[], int);
    do $$ begin execute format('revoke insert, update on rate_limits from %I', app.role_lookup()); end $$;
    alter table rate_limits reset (fillfactor);
  `.execute(db)
}
