-- owner: owner; callers: none
-- Groups are a tree. Edits of one organization’s tree take turns, so that two can’t close a cycle.
create or replace function app.refuse_group_cycle() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare circle text;
begin
  perform pg_advisory_xact_lock(hashtextextended('groups ' || new.org_id, 0));
  with recursive up(id, path) as (
    select new.parent_id, array[new.id, new.parent_id]
    union all
    select g.parent_id, up.path || g.parent_id from up join public.groups g on g.org_id = new.org_id and g.id = up.id
    where up.id <> new.id and g.parent_id is not null and not g.parent_id = any (up.path[2:])
  )
  select (select string_agg(g.name, ' → ' order by w.n) from unnest(up.path) with ordinality w(id, n)
          join public.groups g on g.org_id = new.org_id and g.id = w.id)
  into circle from up where up.id = new.id limit 1;
  if circle is not null then
    raise exception 'the tree of groups would close a circle: %', circle using errcode = 'check_violation', constraint = 'groups_acyclic';
  end if;
  return null;
end $$;
