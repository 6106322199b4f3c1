-- owner: lookup; callers: app
-- Moves the session of whoever acts into another organization, where a shadow user stands for them, for eight
-- hours at most. Answers false where there is no such organization.
create or replace function app.enter_organization(session uuid, target uuid, because text) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  person uuid := app.platform_actor('organization:enter:all');
  home uuid := nullif(current_setting('app.org_id', true), '')::uuid;
  shadow uuid;
  details jsonb;
begin
  if coalesce(btrim(because), '') = '' then raise exception 'entering takes a reason' using errcode = '22023'; end if;
  if not exists (select from public.organizations o where o.id = target and o.kind = 'tenant') then return false; end if;
  if not exists (select from public.users u join public.accounts a on a.id = u.account_id
    where u.org_id = home and u.id = person and a.email_verified_at is not null) then
    raise exception 'the address is not proved' using errcode = '28P01';
  end if;
  insert into public.users as u (org_id, username, email, first_name, last_name, locale, time_zone, deleted_at, shadow_of_org_id, shadow_of_user_id)
  select target, p.username, p.email, p.first_name, p.last_name, p.locale, p.time_zone, now(), p.org_id, p.id
  from public.users p where p.org_id = home and p.id = person
  on conflict (org_id, shadow_of_user_id) where shadow_of_user_id is not null do update set username = excluded.username,
    email = excluded.email, first_name = excluded.first_name, last_name = excluded.last_name
  returning u.id into shadow;
  update public.sessions s set org_id = target, user_id = shadow, home_org_id = home, home_user_id = person,
    home_expires_at = s.expires_at, expires_at = least(s.expires_at, now() + interval '8 hours')
  where s.org_id = home and s.id = session and s.user_id = person and s.kind in ('browser', 'token')
    and s.home_org_id is null and s.revoked_at is null and s.expires_at > now();
  if not found then raise exception 'this session can not enter' using errcode = '42501'; end if;
  details := jsonb_build_object('session', session, 'user', shadow);
  perform app.note_event(place, 'organization:enter', target, details, because) from unnest(array[home, target]) place;
  -- the row has another key now, so no trigger sees that it changed
  perform pg_notify('rights', 's:' || session);
  return true;
end $$;
