-- owner: lookup; callers: app
-- Where the person of an account can go, and whose administrators may change how they sign in.
create or replace function app.account_places(account uuid) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  return jsonb_build_object(
    'organizations', (select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'username', u.username)
        order by o.sort_name, o.id), '[]')
      from public.users u join public.organizations o on o.id = u.org_id
      where u.account_id = account and u.status = 'active' and u.deleted_at is null and o.status = 'active'),
    'managedBy', (select o.name from public.accounts a join public.organizations o on o.id = a.managed_by_org_id where a.id = account));
end $$;
