-- owner: lookup; callers: app
-- What happened to an organization itself, by its own trail: the newest before a place, one more than a page holds.
-- Of who did it, only people of the platform are told; of others, that it was somebody.
create or replace function app.organization_history(target uuid, beyond uuid)
  returns table (id uuid, created_at timestamptz, action text, via text, reason text, request_id text, data jsonb,
    by_somebody boolean, actor_user_id uuid, seq bigint)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare home uuid := nullif(current_setting('app.org_id', true), '')::uuid;
begin
  perform app.platform_actor('organization:read:all');
  return query
    select e.id, e.created_at, e.action, e.via, e.reason, e.request_id, e.data, e.actor_user_id is not null,
      case when e.actor_org_id = home then e.actor_user_id end, e.seq
    from public.events e
    where e.org_id = target and e.target_type = 'organization' and e.target_id = target and e.action <> 'access:denied'
      and (beyond is null or (e.created_at, e.seq) < (select p.created_at, p.seq from public.events p where p.org_id = target and p.id = beyond))
    order by e.created_at desc, e.seq desc limit 51;
end $$;
