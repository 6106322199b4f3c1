-- owner: lookup; callers: app
-- Who acts by a key: as a session's answer, with what its owner has now and what was chosen for the key.
create or replace function app.key_actor(secret bytea) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare found jsonb; held jsonb;
begin
  perform app.refuse_inside();
  select jsonb_build_object(
      'session', k.id, 'kind', 'api_key', 'key', jsonb_build_object('chosen', k.permissions, 'addresses', k.allowed_addresses),
      'account', u.account_id, 'organization', jsonb_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'kind', o.kind),
      'user', u.id, 'username', u.username, 'name', btrim(u.first_name || ' ' || u.last_name),
      'timeZone', u.time_zone, 'locale', u.locale,
      'ends', least(k.expires_at, case when k.former_hash = secret then k.former_expires_at end, now() + interval '1 day'))
  into found
  from public.api_keys k
  join public.users u on u.org_id = k.org_id and u.id = k.user_id
  join public.organizations o on o.id = k.org_id
  left join public.accounts a on a.id = u.account_id
  where (k.hash = secret or k.former_hash = secret and k.former_expires_at > now())
    and k.revoked_at is null and (k.expires_at > now()) is not false
    and u.status = 'active' and u.deleted_at is null and o.status = 'active' and (u.kind = 'service' or a.status = 'active');
  if found is null then return null; end if;
  held := app.rights((found -> 'organization' ->> 'id')::uuid, (found ->> 'user')::uuid);
  return found || jsonb_build_object(
    'permissions', held -> 'permissions', 'readGroups', held -> 'readGroups', 'writeGroups', held -> 'writeGroups',
    'ttlMs', floor(extract(epoch from least((found ->> 'ends')::timestamptz, (held ->> 'until')::timestamptz) - clock_timestamp()) * 1000));
end $$;
