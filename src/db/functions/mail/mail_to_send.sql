-- owner: lookup; callers: app
-- What a worker needs to send a mail; null where that is no longer to be done.
create or replace function app.mail_to_send(mail uuid) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare begun public.mails;
begin
  perform app.refuse_inside();
  update public.mails m set attempts = m.attempts + 1 where m.id = mail and m.status = 'queued' returning * into begun;
  if begun.id is null then return null; end if;
  return jsonb_build_object('id', begun.id, 'template', begun.template, 'language', begun.language, 'recipient', begun.recipient,
    'data', begun.data, 'orgId', begun.for_org_id, 'accountId', begun.account_id,
    'organization', (select o.name from public.organizations o where o.id = begun.for_org_id));
end $$;
