-- owner: lookup; callers: none
-- Makes a confirmed address the account's, and that of its person wherever it was the old one.
create or replace function app.set_verified_email(account uuid, email_address text, ctx jsonb) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare was text := (select a.email from public.accounts a where a.id = account);
begin
  perform set_config('app.context', ctx::text, true);
  update public.accounts a set email = email_address, email_verified_at = now() where a.id = account;
  update public.users u set email = email_address, email_verified_at = now() where u.account_id = account and u.email = was;
end $$;
