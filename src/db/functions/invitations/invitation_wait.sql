-- owner: lookup; callers: app
-- In how many milliseconds an organization can invite an address by mail: three times within an hour it can at once.
create or replace function app.invitation_wait(email_address text) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare org uuid := nullif(current_setting('app.org_id', true), '')::uuid; third timestamptz;
begin
  -- whoever comes at the same time waits for the mails that there are; of the first one, one invitation is pending
  perform from public.mails m
  where m.recipient = email_address and m.for_org_id = org and m.template = 'invitation' and m.created_at > now() - interval '1 hour'
  order by m.id for update;
  select m.created_at into third from public.mails m
  where m.recipient = email_address and m.for_org_id = org and m.template = 'invitation' and m.created_at > now() - interval '1 hour'
  order by m.created_at desc offset 2 limit 1;
  return coalesce(ceil(extract(epoch from third + interval '1 hour' - now()) * 1000), 0);
end $$;
