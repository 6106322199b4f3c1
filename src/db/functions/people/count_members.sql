-- owner: owner; callers: none
-- Who is deleted, or comes back, counts in each of their groups.
create or replace function app.count_members() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update public.groups g set members_count = g.members_count + case when new.deleted_at is null then 1 else -1 end
  from public.group_members m where m.org_id = new.org_id and m.user_id = new.id and g.org_id = m.org_id and g.id = m.group_id;
  return null;
end $$;
