-- owner: lookup; callers: app
-- Of the address that an account has, or is to have, by whoever has the link and proved the password at that time: a
-- link that is pressed by somebody else's wish opens their account to nobody.
create or replace function app.verify_email(token bytea, proved timestamptz, session uuid, renewed bytea, device bytea, ctx jsonb) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare link public.account_tokens; known public.accounts;
begin
  perform app.refuse_inside();
  perform from public.accounts a where a.id = (select t.account_id from public.account_tokens t where t.token_hash = token) for update;
  select a.* into known from public.accounts a join public.account_tokens t on t.account_id = a.id where t.token_hash = token;
  if proved is null or proved < known.control_changed_at then return false; end if;
  link := app.take_link(token, 'verify_email');
  if link.id is null then link := app.take_link(token, 'change_email'); end if;
  if link.id is null then return false; end if;
  perform app.set_verified_email(known.id, coalesce(link.new_email, known.email), ctx);
  if known.email_verified_at is null then perform app.end_unproved(known.id, null, ctx); end if;
  perform app.end_control(known.id, session, renewed, device, case when link.purpose = 'change_email' then link.mail_id end);
  perform app.note_account(known.id, case link.purpose when 'verify_email' then 'auth:verify_email' else 'auth:change_email' end, ctx);
  return true;
end $$;
