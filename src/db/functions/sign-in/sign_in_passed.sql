-- owner: lookup; callers: app
-- The password was right, as of the look-up: lets through unless locked or changed meanwhile, and puts a stronger hash of it
-- where the old one still is. With a second factor, failures are forgotten once that has passed, too: or whoever knows the
-- password could try as many codes as they like. Answers when that was, which opening a session asks for.
create or replace function app.sign_in_passed(account uuid, device bytea, changed timestamptz, was text, becomes text) returns text
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  perform from public.accounts a
  where a.id = account and a.status = 'active' and a.control_changed_at is not distinct from changed for update;
  if not found then return null; end if;
  perform from public.known_devices d where d.account_id = account and d.hash = device for update;
  if app.locked_out(account, device) then return null; end if;
  update public.accounts a set password_hash = becomes where a.id = account and a.password_hash = was and becomes is not null;
  if not exists (select from public.totp_credentials t where t.account_id = account) then
    perform app.forget_failures(account, device);
  end if;
  return clock_timestamp()::text;
end $$;
