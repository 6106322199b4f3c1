-- owner: owner; callers: none
-- An address that somebody may still take back is nobody else's meanwhile.
create or replace function app.keep_address() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from public.account_tokens t where t.purpose = 'undo_email' and t.used_at is null and t.new_email = new.email
      and t.expires_at > now() and t.account_id <> new.id) then
    raise unique_violation using constraint = 'accounts_email_key', message = 'this address may still be taken back';
  end if;
  return new;
end $$;
