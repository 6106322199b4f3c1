-- owner: lookup; callers: app
-- Queues a job for the organization that is entered, or for none, in the transaction of its cause.
create or replace function app.queue_job(kind text, payload jsonb, settings jsonb, delay_seconds int) returns uuid
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
  begins timestamptz := now() + make_interval(secs => delay_seconds);
  made uuid;
begin
  -- a kind that no worker has begun to work on yet
  if not exists (select from jobs.queue q where q.name = kind) then
    perform jobs.create_queue(kind, '{"policy": "standard"}' || settings);
  end if;
  insert into jobs.job (name, data, group_id, start_after, keep_until, policy, retry_limit, retry_delay, retry_backoff, retry_delay_max,
    expire_seconds, deletion_seconds, heartbeat_seconds, dead_letter)
  select q.name, jsonb_build_object('org', org, 'payload', payload), org, begins, begins + make_interval(secs => q.retention_seconds),
    q.policy, q.retry_limit, q.retry_delay, q.retry_backoff, q.retry_delay_max, q.expire_seconds, q.deletion_seconds,
    q.heartbeat_seconds, q.dead_letter
  from jobs.queue q where q.name = kind
  returning id into made;
  -- the channel that pg-boss listens on for this schema
  perform pg_notify('pgboss_' || left(encode(sha224('jobs'), 'hex'), 24), kind);
  return made;
end $$;
