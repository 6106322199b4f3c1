-- owner: owner; callers: none
-- Inheritance is a DAG. Edits of one organization’s inheritance take turns, so that two can’t close a cycle. Each role is passed once.
create or replace function app.refuse_role_cycle() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  above uuid[] := array[new.parent_id];
  -- for each that was found, which of them inherits from it
  heirs int[] := array[0];
  place int := 1;
  circle uuid[] := '{}';
begin
  perform pg_advisory_xact_lock(hashtextextended('role_parents ' || new.org_id, 0));
  while place <= cardinality(above) and new.role_id <> all (above) loop
    select above || coalesce(array_agg(p.parent_id), '{}'), heirs || coalesce(array_agg(place), '{}') into above, heirs
    from public.role_parents p where p.org_id = new.org_id and p.role_id = above[place] and p.parent_id <> all (above);
    place := place + 1;
  end loop;
  place := coalesce(array_position(above, new.role_id), 0);
  if place = 0 then return null; end if;
  while place > 0 loop
    circle := above[place] || circle;
    place := heirs[place];
  end loop;
  raise exception 'inheritance would close a circle: %', (
    select string_agg(r.name, ' → ' order by w.n) from unnest(new.role_id || circle) with ordinality w(id, n)
    join public.roles r on r.org_id = new.org_id and r.id = w.id)
    using errcode = 'check_violation', constraint = 'role_parents_acyclic';
end $$;
