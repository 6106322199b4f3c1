-- owner: lookup; callers: app
-- What became of an attempt, and with it the end of its job, unless it is to be tried again.
create or replace function app.settle_mail(mail uuid, becomes text, because text, kept bytea, job uuid, attempt int) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  update public.mails m set status = becomes, last_error = because, content = kept, sent_at = case when becomes = 'sent' then now() end
  where m.id = mail and m.status = 'queued';
  return becomes = 'queued' or app.finish_job('mail', job, attempt);
end $$;
