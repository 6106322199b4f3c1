-- owner: lookup; callers: app
-- What sign-in needs for a name or address, normalised by the caller; organization by slug, else the one used last. With the
-- second factor, sealed, and in which half minute it is by this clock.
create or replace function app.sign_in_lookup(name text, place_slug text, device bytea) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare known public.accounts; place record; trusted public.known_devices; locked timestamptz;
begin
  perform app.refuse_inside();
  select * into known from public.accounts a where a.username = name or a.email = name order by a.username = name desc limit 1;
  if known.id is null then
    select locked_until into locked from public.unknown_logins where name_hash = sha256(convert_to(name, 'UTF8'));
    return jsonb_build_object('lockedMs', greatest(0, floor(extract(epoch from locked - clock_timestamp()) * 1000)));
  end if;
  select u.org_id, u.id into place
  from public.users u join public.organizations o on o.id = u.org_id
  where u.account_id = known.id and u.status = 'active' and u.deleted_at is null and o.status = 'active'
    and (place_slug is null or o.slug = place_slug)
  order by u.org_id = known.last_org_id desc nulls last, u.created_at limit 1;
  select * into trusted from public.known_devices d where d.account_id = known.id and d.hash = device;
  locked := case when trusted.hash is null then known.locked_until else trusted.locked_until end;
  return jsonb_build_object('account', known.id, 'passwordHash', known.password_hash, 'changed', known.control_changed_at,
    'active', known.status = 'active', 'org', place.org_id, 'user', place.id,
    'factor', (select encode(t.secret, 'base64') from public.totp_credentials t where t.account_id = known.id),
    'step', floor(extract(epoch from clock_timestamp()) / 30),
    'lockedMs', greatest(0, floor(extract(epoch from locked - clock_timestamp()) * 1000)));
end $$;
