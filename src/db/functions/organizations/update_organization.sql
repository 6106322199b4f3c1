-- owner: lookup; callers: app
-- Changes what is named. The row as it stands comes back where the version that was seen is another one.
create or replace function app.update_organization(target uuid, change jsonb, seen int)
  returns table (id uuid, doc text, version int, stale boolean, unchanged boolean)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare was public.organizations; becomes public.organizations; differing jsonb;
  org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
begin
  perform app.platform_actor('organization:update:all');
  select * into was from public.organizations o where o.id = target for update;
  if was.id is null then return; end if;
  if was.version <> seen then
    return query select was.id, app.organization_json(was), was.version, true, false;
    return;
  end if;
  select jsonb_object_agg(k, v) into differing from jsonb_each(change) e(k, v)
  where k in ('name', 'slug', 'status', 'settings') and to_jsonb(was) -> k <> v;
  if differing is null then
    return query select was.id, app.organization_json(was), was.version, false, true;
    return;
  end if;
  if was.kind = 'platform' and change ->> 'status' = 'suspended' then
    raise exception 'the platform organization stays active' using errcode = '23514', constraint = 'organizations_platform_active';
  end if;
  update public.organizations o set name = coalesce(change ->> 'name', o.name), slug = coalesce(change ->> 'slug', o.slug),
    status = coalesce(change ->> 'status', o.status), settings = coalesce(change -> 'settings', o.settings)
  where o.id = target returning * into becomes;
  -- the organization's own trail has it by its trigger
  if org <> target then
    perform app.note_event(org, 'organization:update', target, jsonb_build_object('after', differing, 'before',
      (select jsonb_object_agg(k, to_jsonb(was) -> k) from jsonb_object_keys(differing) k)));
  end if;
  return query select becomes.id, app.organization_json(becomes), becomes.version, false, false;
end $$;
