-- owner: lookup; callers: none
-- How many mails of these kinds an address got within the hour; whoever asks next waits until this is decided.
create or replace function app.mailed(email_address text, kinds text[]) returns int language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('mailed ' || email_address, 0));
  return (select count(*) from public.mails m
    where m.recipient = email_address and m.created_at > now() - interval '1 hour' and m.template = any (kinds));
end $$;
