-- owner: lookup; callers: none
-- Ends what was set up by whoever had not proved the address: keys, all of them, since a former one may have been given
-- another secret, and the second factor.
create or replace function app.end_unproved(account uuid, since timestamptz, ctx jsonb) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare gone boolean;
begin
  perform set_config('app.context', ctx::text, true);
  update public.api_keys k set revoked_at = now() from public.users u
  where u.account_id = account and k.org_id = u.org_id and k.user_id = u.id and k.revoked_at is null;
  delete from public.totp_credentials t where t.account_id = account and (t.created_at < since) is not true;
  gone := found;
  delete from public.recovery_codes c where c.account_id = account and (gone or (c.created_at < since) is not true);
  if not gone then return; end if;
  update public.sessions s set second_factor_at = null where s.account_id = account and s.revoked_at is null;
  perform app.note_factor(account, 'auth:turn_off_second_factor', 'off', ctx);
end $$;
