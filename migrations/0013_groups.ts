import { type Kysely, sql } from 'kysely'

/** Groups are found, sorted and counted as quickly as people are; and what happened, by every offered filter. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table groups
      add column sort_name text not null collate "C" generated always as (app.fold(name)) stored,
      -- of people who are not deleted; kept by the triggers below, since counting takes as long as a group is large
      add column members_count int not null default 0;
    update groups g set members_count = (
      select count(*) from group_members m join users u on u.org_id = m.org_id and u.id = m.user_id
      where m.org_id = g.org_id and m.group_id = g.id and u.deleted_at is null);

    drop index groups_name;
    create unique index groups_name on groups (org_id, kind, sort_name) where deleted_at is null;
    -- one index for each pair of filter and sort that the list offers
    create index groups_by_name on groups (org_id, sort_name, id) where deleted_at is null;
    create index groups_by_created on groups (org_id, created_at, id) where deleted_at is null;
    create index groups_by_kind_name on groups (org_id, kind, sort_name, id) where deleted_at is null;
    create index groups_by_kind_created on groups (org_id, kind, created_at, id) where deleted_at is null;
    create index groups_by_parent_name on groups (org_id, parent_id, sort_name, id) where deleted_at is null;
    create index groups_by_parent_created on groups (org_id, parent_id, created_at, id) where deleted_at is null;
    create index groups_roots_by_name on groups (org_id, sort_name, id) where deleted_at is null and parent_id is null;
    create index groups_roots_by_created on groups (org_id, created_at, id) where deleted_at is null and parent_id is null;
    create index groups_deleted_by_name on groups (org_id, sort_name, id) where deleted_at is not null;
    create index groups_deleted_by_created on groups (org_id, created_at, id) where deleted_at is not null;
    create index groups_owner on groups (org_id, owner_user_id) where owner_user_id is not null;
    create index groups_owner_group on groups (org_id, owner_group_id) where owner_group_id is not null;

    insert into search_words (org_id, model, word, record_id)
    select distinct g.org_id, 'group', left(w, 64), g.id
    from groups g, regexp_split_to_table(app.fold(g.name || ' ' || g.description), '[^[:alnum:]]+') w where w <> '';
    do $$ begin perform app.searchable('groups', 'group', array['name', 'description']); end $$;

    -- As before, with the count. Whose row is gone for good can't tell any more whether they were counted.
    create or replace function app.touch_members() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      -- planned anew each time: a kept plan for one row would take minutes for thousands
      execute 'update public.users u set version = version + 1, updated_at = now()
        where (u.org_id, u.id) in (select org_id, user_id from changed_rows)';
      execute 'update public.groups g set version = version + 1, updated_at = now(), members_count = case
          when c.gone = 0 then g.members_count + c.present * $1
          else (select count(*) from public.group_members m join public.users u on u.org_id = m.org_id and u.id = m.user_id
            where m.org_id = g.org_id and m.group_id = g.id and u.deleted_at is null) end
        from (
          select m.org_id, m.group_id, count(u.id) filter (where u.deleted_at is null)::int as present, count(*) - count(u.id) as gone
          from changed_rows m left join public.users u on u.org_id = m.org_id and u.id = m.user_id group by m.org_id, m.group_id) c
        where g.org_id = c.org_id and g.id = c.group_id'
      using case tg_op when 'INSERT' then 1 when 'DELETE' then -1 else 0 end;
      return null;
    end $$;
    create function app.count_members() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      update public.groups g set members_count = g.members_count + case when new.deleted_at is null then 1 else -1 end
      from public.group_members m where m.org_id = new.org_id and m.user_id = new.id and g.org_id = m.org_id and g.id = m.group_id;
      return null;
    end $$;
    revoke all on function app.count_members() from public;
    create trigger count_members after update of deleted_at on users for each row
      when ((old.deleted_at is null) <> (new.deleted_at is null)) execute function app.count_members();

    -- A change of a member's or an assignment's own columns says whose it is.
    do $$
    declare f text;
    begin
      foreach f in array array['app.audit_group_members()', 'app.audit_user_roles()'] loop
        execute regexp_replace(pg_get_functiondef(f::regprocedure), '(d[.](was|becomes) -> k <> v)[)]', '\\1 or k in (''user_id'', ''role_id''))', 'g');
      end loop;
    end $$;

    -- Each costs an event 2 microseconds and 70 to 180 bytes of log. By request there is none: its random text would
    -- cost the most, and whoever asks for a request knows when it was, or whose.
    create index events_by_action on events (org_id, action, created_at, id);
    create index events_by_type on events (org_id, target_type, created_at, id);
    create index events_by_via on events (org_id, via, created_at, id);
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop index events_by_action, events_by_type, events_by_via;
    do $$
    declare f text;
    begin
      foreach f in array array['app.audit_group_members()', 'app.audit_user_roles()'] loop
        execute replace(pg_get_functiondef(f::regprocedure), ' or k in (''user_id'', ''role_id'')', '');
      end loop;
    end $$;
    drop trigger count_members on users;
    drop function app.count_members();
    create or replace function app.touch_members() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      -- planned anew each time: a kept plan for one row would take minutes for thousands
      execute 'update public.users u set version = version + 1, updated_at = now()
        where (u.org_id, u.id) in (select org_id, user_id from changed_rows)';
      execute 'update public.groups g set version = version + 1, updated_at = now()
        where (g.org_id, g.id) in (select org_id, group_id from changed_rows)';
      return null;
    end $$;
    drop trigger search_insert on groups;
    drop trigger search_update on groups;
    drop trigger search_delete on groups;
    drop function app.search_groups();
    delete from search_words where model = 'group';
    drop index groups_name;
    create unique index groups_name on groups (org_id, kind, name) where deleted_at is null;
    drop index groups_by_name, groups_by_created, groups_by_kind_name, groups_by_kind_created, groups_by_parent_name,
      groups_by_parent_created, groups_roots_by_name, groups_roots_by_created, groups_deleted_by_name,
      groups_deleted_by_created, groups_owner, groups_owner_group;
    alter table groups drop column sort_name, drop column members_count;
  `.execute(db)
}
