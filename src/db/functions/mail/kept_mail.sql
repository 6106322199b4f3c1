-- owner: lookup; callers: app
-- One that was kept instead of sent.
create or replace function app.kept_mail(mail uuid) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  return (select jsonb_build_object('id', m.id, 'template', m.template, 'created_at', m.created_at, 'content', encode(m.content, 'base64'))
    from public.mails m where m.id = mail and m.status = 'kept');
end $$;
