-- owner: lookup; callers: app
-- That a limit was reached, by the hash of whose it is.
create or replace function app.note_limit(details jsonb, request text, ip inet) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  insert into public.security_events (action, data, request_id, ip) values ('rate:limited', details, request, ip);
end $$;
