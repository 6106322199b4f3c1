-- owner: owner; callers: none
-- Members are part of a group and of a person: both records get a new version, the group its count. Who comes with roles and
-- groups gets one version, not three: what this very transaction wrote, nobody has seen yet. Who is there by several sources counts
-- once, and who comes later counts already. Whose row is gone for good can't
-- tell any more whether they were counted.
create or replace function app.touch_members() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  -- planned anew each time: a kept plan for one row would take minutes for thousands
  execute 'update public.users u set version = version + 1, updated_at = now()
    where (u.org_id, u.id) in (select org_id, user_id from changed_rows) and u.xmin <> pg_current_xact_id()::xid';
  execute 'update public.groups g set version = version + 1, updated_at = now(), members_count = case
      when c.gone = 0 then g.members_count + c.present * $1
      else (select count(distinct m.user_id) from public.group_members m join public.users u on u.org_id = m.org_id and u.id = m.user_id
        where m.org_id = g.org_id and m.group_id = g.id and u.deleted_at is null) end
    from (
      select m.org_id, m.group_id, count(*) - count(u.id) as gone, count(distinct u.id) filter (where u.deleted_at is null
          and not exists (select from public.group_members o where o.org_id = m.org_id and o.group_id = m.group_id and o.user_id = m.user_id
            and o.id not in (select id from changed_rows)))::int as present
      from changed_rows m left join public.users u on u.org_id = m.org_id and u.id = m.user_id group by m.org_id, m.group_id) c
    where g.org_id = c.org_id and g.id = c.group_id'
  using case tg_op when 'INSERT' then 1 when 'DELETE' then -1 else 0 end;
  return null;
end $$;
