-- owner: lookup; callers: app
-- Counts a code before it is looked at; null where the sign-in is over, too old, tried too often, or from before a change of control.
create or replace function app.try_pending_sign_in(pending bytea) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare tried public.pending_sign_ins;
begin
  perform app.refuse_inside();
  update public.pending_sign_ins p set attempts = p.attempts + 1
  where p.token_hash = pending and p.attempts < 5 and p.expires_at > now() returning * into tried;
  return (select jsonb_build_object('account', a.id, 'username', a.username, 'org', tried.for_org_id, 'user', tried.for_user_id,
      'at', tried.proved_at::text, 'factor', encode(t.secret, 'base64'), 'step', floor(extract(epoch from clock_timestamp()) / 30),
      'left', 5 - tried.attempts)
    from public.accounts a join public.totp_credentials t on t.account_id = a.id
    where a.id = tried.account_id and a.status = 'active' and (a.control_changed_at <= tried.proved_at) is not false);
end $$;
