-- owner: lookup; callers: none
-- Uses a link up: once, for what it was made for, while its account is active. The account comes first, as everywhere.
create or replace function app.take_link(token bytea, kind text) returns public.account_tokens
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare taken public.account_tokens;
begin
  perform from public.accounts a where a.id = (select t.account_id from public.account_tokens t where t.token_hash = token) and a.status = 'active' for update;
  if found then
    update public.account_tokens t set used_at = now()
    where t.token_hash = token and t.purpose = kind and t.used_at is null and t.expires_at > now() returning * into taken;
    -- of one mail that was sent twice, one link is used
    delete from public.account_tokens t where t.mail_id = taken.mail_id and t.used_at is null;
  end if;
  return taken;
end $$;
