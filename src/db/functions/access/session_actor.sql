-- owner: lookup; callers: app
-- Who acts by a session, until it or its token ends, and whether its person is in another organization, too.
create or replace function app.session_actor(hash bytea) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare found jsonb; held jsonb; at_home jsonb; passed timestamptz; missing_factor text;
begin
  perform app.refuse_inside();
  select jsonb_build_object(
      'session', s.id, 'kind', s.kind, 'impersonator', s.impersonator_id, 'account', s.account_id,
      'org', o.id, 'organization', jsonb_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'kind', o.kind),
      'user', u.id, 'username', u.username, 'name', btrim(u.first_name || ' ' || u.last_name),
      'timeZone', case when h.id is null then u.time_zone else h.time_zone end,
      'locale', case when h.id is null then u.locale else h.locale end,
      'home', case when h.id is not null then jsonb_build_object('orgId', h.org_id, 'userId', h.id, 'organizationName', p.name) end,
      'elsewhere', s.impersonator_id is null and s.home_org_id is null and exists (select from public.users e join public.organizations q on q.id = e.org_id where e.account_id = a.id
        and e.org_id <> s.org_id and e.status = 'active' and e.deleted_at is null and q.status = 'active'),
      'ends', least(s.expires_at, s.token_expires_at, s.last_seen_at + s.idle_timeout)), s.second_factor_at
  into found, passed
  from public.sessions s
  join public.users u on u.org_id = s.org_id and u.id = s.user_id
  join public.organizations o on o.id = s.org_id
  join public.accounts a on a.id = s.account_id
  left join public.users h on h.org_id = s.home_org_id and h.id = s.home_user_id
  left join public.organizations p on p.id = s.home_org_id
  where s.token_hash = hash and s.revoked_at is null and s.expires_at > now() and s.last_seen_at + s.idle_timeout > now()
    and (s.token_expires_at > now()) is not false
    and u.status = 'active' and a.status = 'active'
    and case when s.home_org_id is null
      then u.deleted_at is null and o.status = 'active'
      -- a suspended organization can be entered: somebody has to see why it was
      else u.shadow_of_org_id = h.org_id and u.shadow_of_user_id = h.id and h.status = 'active' and h.deleted_at is null
        and p.kind = 'platform' and p.status = 'active' end;
  if found is null then return null; end if;
  if found -> 'home' <> 'null' then
    at_home := app.rights((found -> 'home' ->> 'orgId')::uuid, (found -> 'home' ->> 'userId')::uuid);
    if not at_home -> 'permissions' ? 'organization:enter:all' then return null; end if;
  end if;
  if passed is null and app.second_factor_required(coalesce(found -> 'home' ->> 'orgId', found ->> 'org')::uuid,
      coalesce(found -> 'home' ->> 'userId', found ->> 'user')::uuid) then
    missing_factor := case when exists (select from public.totp_credentials t where t.account_id = (found ->> 'account')::uuid)
      then 'second-factor' else 'second-factor-setup' end;
  end if;
  held := app.rights((found ->> 'org')::uuid, (found ->> 'user')::uuid);
  return found || jsonb_build_object('missingFactor', missing_factor,
    'permissions', held -> 'permissions', 'readGroups', held -> 'readGroups', 'writeGroups', held -> 'writeGroups',
    'leadGroups', held -> 'leadGroups',
    'ttlMs', floor(extract(epoch from least((found ->> 'ends')::timestamptz, (held ->> 'until')::timestamptz,
      (at_home ->> 'until')::timestamptz) - clock_timestamp()) * 1000));
end $$;
