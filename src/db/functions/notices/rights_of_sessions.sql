-- owner: owner; callers: none
-- Sessions of several organizations may change at once.
create or replace function app.rights_of_sessions() returns trigger language plpgsql
  set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
begin
  perform app.notify_rights(array_agg('s:' || o.id), o.org_id)
  from old_rows o join new_rows n using (org_id, id)
  where (n.revoked_at, n.expires_at, n.second_factor_at) is distinct from (o.revoked_at, o.expires_at, o.second_factor_at)
  group by o.org_id;
  return null;
end $$;
