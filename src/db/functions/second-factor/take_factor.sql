-- owner: lookup; callers: none
-- Uses a code up: of the half minute that it was right for, or one of those for when the device is lost.
create or replace function app.take_factor(account uuid, step bigint, recovery bytea, ctx jsonb) returns boolean
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  if step is not null then
    update public.totp_credentials t set last_step = step where t.account_id = account and t.last_step < step;
    return found;
  end if;
  update public.recovery_codes c set used_at = now() where c.account_id = account and c.hash = recovery and c.used_at is null;
  if not found then return false; end if;
  perform app.note_factor(account, 'auth:use_recovery_code', 'used', ctx);
  return true;
end $$;
