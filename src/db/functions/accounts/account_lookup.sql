-- owner: lookup; callers: app
-- An account for its own person, with the second factor, and in which half minute it is by this clock.
create or replace function app.account_lookup(account uuid, device bytea) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  return (select jsonb_build_object('account', a.id, 'username', a.username, 'email', a.email, 'verified', a.email_verified_at is not null,
      'passwordHash', a.password_hash, 'changed', a.control_changed_at, 'active', a.status = 'active',
      'factor', encode(t.secret, 'base64'), 'factorSince', t.created_at, 'step', floor(extract(epoch from clock_timestamp()) / 30),
      'codesLeft', (select count(*) from public.recovery_codes c where c.account_id = a.id and c.used_at is null),
      'lockedMs', greatest(0, floor(extract(epoch from case when d.hash is null then a.locked_until else d.locked_until end - clock_timestamp()) * 1000)))
    from public.accounts a left join public.known_devices d on d.account_id = a.id and d.hash = device
    left join public.totp_credentials t on t.account_id = a.id where a.id = account);
end $$;
