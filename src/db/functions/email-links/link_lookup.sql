-- owner: lookup; callers: app
-- What a link is for, without using it up; null for one that is used, too old, or none at all.
create or replace function app.link_lookup(token bytea) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  return (select jsonb_build_object('purpose', t.purpose, 'account', a.id, 'username', coalesce(a.username, r.username),
      'email', coalesce(t.new_email, a.email, r.email), 'passwordHash', r.password_hash)
    from public.account_tokens t
    left join public.accounts a on a.id = t.account_id and a.status = 'active'
    left join public.registrations r on r.id = t.registration_id and r.failed < 5
    where t.token_hash = token and t.used_at is null and t.expires_at > now() and num_nonnulls(a.id, r.id) = 1);
end $$;
