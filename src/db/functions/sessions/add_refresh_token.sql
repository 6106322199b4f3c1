-- owner: lookup; callers: app
-- Gives the session of a program a token to renew it with, where it has none, and its own token an end; to whoever has that.
-- Answers who that is; null for a token that is no good.
create or replace function app.add_refresh_token(access bytea, refresh bytea, minutes numeric, days numeric) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare begun public.sessions;
begin
  perform app.refuse_inside();
  update public.sessions s set token_expires_at = now() + make_interval(secs => (minutes * 60)::double precision),
    -- unused for as long as the token is good for
    idle_timeout = make_interval(secs => (days * 86400)::double precision)
  where s.token_hash = access and s.kind = 'token' and s.revoked_at is null
    and not exists (select from public.refresh_tokens r where r.org_id = s.org_id and r.session_id = s.id and r.rotated_at is null)
  returning * into begun;
  if not found then return null; end if;
  insert into public.refresh_tokens (org_id, session_id, token_hash, expires_at)
  values (begun.org_id, begun.id, refresh, now() + make_interval(secs => (days * 86400)::double precision));
  return app.session_actor(access);
end $$;
