-- owner: lookup; callers: none
-- A job like that of a mail, where none is to be sent: so that nobody can tell by the time it takes.
create or replace function app.queue_no_mail() returns void language sql volatile set search_path = pg_catalog, pg_temp as $$
  select app.queue_job('mail', jsonb_build_object('mail', app.uuid_v7()), '{}', 0)
$$;
