-- owner: lookup; callers: app
-- What somebody may now, if they may sign in at all; of a shadow, if its person may still enter. Null for nobody.
create or replace function app.standing_rights(person uuid) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare org uuid := nullif(current_setting('app.org_id', true), '')::uuid; here public.users; home public.users;
begin
  select * into here from public.users u where u.org_id = org and u.id = person;
  home := here;
  if here.shadow_of_user_id is not null then
    select u.* into home from public.users u join public.organizations o on o.id = u.org_id
    where u.org_id = here.shadow_of_org_id and u.id = here.shadow_of_user_id and o.kind = 'platform' and o.status = 'active';
    if not app.rights(home.org_id, home.id) -> 'permissions' ? 'organization:enter:all' then return null; end if;
  end if;
  -- a service account, of a later step, has no account to sign in with
  if home.status is distinct from 'active' or home.deleted_at is not null or to_jsonb(home) ->> 'kind' is distinct from 'service'
    and not exists (select from public.accounts a where a.id = home.account_id and a.status = 'active') then return null; end if;
  return app.rights(org, person) || jsonb_build_object('username', here.username, 'shadow', here.shadow_of_user_id is not null);
end $$;
