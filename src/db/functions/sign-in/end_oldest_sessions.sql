-- owner: lookup; callers: none
-- Somebody has a hundred sessions at most: with one more, the one ends that wasn't seen for longest. Under the account's
-- lock, by which sessions are opened one after the other.
create or replace function app.end_oldest_sessions(org uuid, person uuid, opened uuid) returns void
  language sql volatile set search_path = pg_catalog, pg_temp as $$
  update public.sessions s set revoked_at = now() where s.org_id = org and s.id in (
    select e.id from public.sessions e
    where e.org_id = org and e.user_id = person and e.id <> opened and e.revoked_at is null
      and e.expires_at > now() and e.last_seen_at + e.idle_timeout > now()
    order by e.last_seen_at desc, e.id desc offset 99)
$$;
