-- owner: owner; callers: app, lookup
-- By the server from PostgreSQL 18 on.
do $do$ begin
  if current_setting('server_version_num')::int >= 180000 then
    create or replace function app.uuid_v7() returns uuid language sql volatile parallel safe as $$ select pg_catalog.uuidv7() $$;
  else
    create or replace function app.uuid_v7() returns uuid language sql volatile parallel safe as $$
      select encode(set_bit(set_bit(
        overlay(uuid_send(gen_random_uuid()) placing
          substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
        52, 1), 53, 1), 'hex')::uuid
    $$;
  end if;
end $do$;
