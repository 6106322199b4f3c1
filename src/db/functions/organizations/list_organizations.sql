-- owner: lookup; callers: app
-- A page by keyset in the direction that is walked, with the total up to one past the cap of lists.
create or replace function app.list_organizations(words text[], statuses text[], sort_column text, descending boolean,
    beyond_key text, beyond_id uuid, most int, skip int) returns table (id uuid, key text, doc text, total int)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  matching text := 'from public.organizations o where o.search_name like all ($1) and ($2 is null or o.status = any ($2))';
begin
  perform app.platform_actor('organization:read:all');
  if sort_column not in ('sort_name', 'created_at') then raise exception 'no such order' using errcode = '22023'; end if;
  return query execute format(
    'select o.id, o.%1$I::text, app.organization_json(o), (select count(*)::int from (select %2$s limit 10001) counted)
     %2$s and ($3 is null or (o.%1$I, o.id) %3$s ($3::%4$s, $4)) order by o.%1$I %5$s, o.id %5$s limit $5 offset $6',
    sort_column, matching, case when descending then '<' else '>' end,
    case sort_column when 'created_at' then 'timestamptz' else 'text' end, case when descending then 'desc' else 'asc' end)
  using array(select '% ' || app.fold(w) || '%' from unnest(words) w), statuses, beyond_key, beyond_id, most, skip;
end $$;
