-- owner: lookup; callers: app
-- Gives an account its old address back, with another password: whoever changed it knew the one that was, and what
-- they set up since ends; where that address was never proved before, all that was set up.
create or replace function app.undo_email(token bytea, becomes text, ctx jsonb) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare link public.account_tokens; since timestamptz;
begin
  perform app.refuse_inside();
  link := app.take_link(token, 'undo_email');
  if link.id is null then return false; end if;
  since := (select m.created_at from public.mails m where m.id = link.mail_id and (m.data ->> 'proved')::boolean);
  perform app.set_verified_email(link.account_id, link.new_email, ctx);
  perform app.end_unproved(link.account_id, since, ctx);
  perform app.set_password(link.account_id, becomes, null, null, null, 'auth:undo_email', ctx);
  return true;
end $$;
