-- owner: lookup; callers: app
-- By whoever reads the account’s mail: what was set up before the address was proved ends.
create or replace function app.reset_password(token bytea, becomes text, ctx jsonb) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare link public.account_tokens; known public.accounts;
begin
  perform app.refuse_inside();
  link := app.take_link(token, 'reset_password');
  if link.id is null then return false; end if;
  select * into known from public.accounts a where a.id = link.account_id;
  -- whoever has the link reads the mail
  if known.email_verified_at is null then perform app.set_verified_email(known.id, known.email, ctx); end if;
  if known.email_verified_at is null or known.password_given then perform app.end_unproved(known.id, null, ctx); end if;
  perform app.set_password(known.id, becomes, null, null, null, 'auth:reset_password', ctx);
  return true;
end $$;
