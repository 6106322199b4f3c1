-- owner: lookup; callers: app
-- Ends a job together with its effect. False: it was taken for dead, and somebody else has it.
create or replace function app.finish_job(kind text, job uuid, attempt int) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare org text := nullif(current_setting('app.org_id', true), '');
begin
  update jobs.job j set state = 'completed', completed_on = now()
  where j.name = kind and j.id = job and j.state = 'active' and j.retry_count = attempt
    and (org is null or j.data ->> 'org' = org);
  return found;
end $$;
