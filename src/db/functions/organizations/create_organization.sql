-- owner: lookup; callers: app
-- With its permissions, roles and owner; without a password the owner is invited.
create or replace function app.create_organization(title text, place_slug text, owner jsonb, access jsonb)
  returns table (id uuid, doc text, version int)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare made public.organizations; account uuid; chief uuid; hash text := owner ->> 'password_hash';
begin
  perform app.platform_actor('organization:create:all');
  insert into public.organizations (name, slug) values (title, place_slug) returning * into made;
  perform app.seed_access(made.id, access);
  insert into public.accounts (username, email, password_hash, password_given, password_changed_at, managed_by_org_id, last_org_id)
  values (owner ->> 'username', owner ->> 'email', hash, hash is not null, case when hash is not null then now() end, made.id, made.id)
  returning accounts.id into account;
  insert into public.users (org_id, account_id, username, email, status)
  values (made.id, account, owner ->> 'username', owner ->> 'email', case when hash is null then 'invited' else 'active' end)
  returning users.id into chief;
  insert into public.user_roles (org_id, user_id, role_id)
  select made.id, chief, r.id from public.roles r where r.org_id = made.id and r.builtin and r.template = 'owner';
  perform app.note_event(place, 'organization:create', made.id,
      jsonb_build_object('after', jsonb_build_object('name', made.name, 'slug', made.slug, 'owner', owner ->> 'username')))
  from unnest(array[nullif(current_setting('app.org_id', true), '')::uuid, made.id]) place;
  return query select made.id, app.organization_json(made), made.version;
end $$;
