-- owner: lookup; callers: app
-- By whoever reads the account’s mail.
create or replace function app.unlock_by_link(token bytea, ctx jsonb) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare link public.account_tokens;
begin
  perform app.refuse_inside();
  link := app.take_link(token, 'unlock');
  if link.id is null then return false; end if;
  update public.accounts a set failed_logins = 0, locked_until = null where a.id = link.account_id;
  perform app.note_account(link.account_id, 'auth:unlock', ctx);
  return true;
end $$;
