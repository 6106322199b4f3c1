-- owner: lookup; callers: app
-- When people last used which permissions, many at once; always in one order, so that no two wait for each other.
create or replace function app.permissions_used(orgs uuid[], people uuid[], models text[], actions text[]) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare used int;
begin
  perform app.refuse_inside();
  insert into public.permission_uses (org_id, user_id, model, action, last_at)
  select u.org_id, u.id, g.model, g.action, now()
  from unnest(orgs, people, models, actions) g(org, person, model, action)
  join public.users u on u.org_id = g.org and u.id = g.person
  order by u.org_id, u.id, g.model, g.action
  on conflict on constraint permission_uses_pkey do update set last_at = excluded.last_at, updated_at = excluded.last_at;
  get diagnostics used = row_count;
  return used;
end $$;
