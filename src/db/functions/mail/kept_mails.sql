-- owner: lookup; callers: app
-- Those that were kept instead of sent, newest first.
create or replace function app.kept_mails(most int) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  return (select coalesce(jsonb_agg(to_jsonb(k) order by k.id desc), '[]') from (
    select m.id, m.template, m.created_at, encode(m.content, 'base64') as content from public.mails m
    where m.status = 'kept' order by m.status, m.created_at desc limit most) k);
end $$;
