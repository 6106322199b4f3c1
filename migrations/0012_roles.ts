import { type Kysely, sql } from 'kysely'

/**
 * Lists of roles and of permissions: words to search by, and an index for each pair of filter and sort. And a look for
 * circles that passes each role once: along every way, twenty roles above each other by two ways each took minutes.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table roles add column sort_name text not null collate "C" generated always as (app.fold(name)) stored;
    drop index roles_name;
    -- by what people see, as everywhere
    create unique index roles_name on roles (org_id, sort_name) where deleted_at is null;

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

    create index roles_by_name on roles (org_id, sort_name, id) where deleted_at is null;
    create index roles_by_created on roles (org_id, created_at, id) where deleted_at is null;
    create index roles_by_status_name on roles (org_id, status, sort_name, id) where deleted_at is null;
    create index roles_by_status_created on roles (org_id, status, created_at, id) where deleted_at is null;
    create index roles_by_builtin_name on roles (org_id, builtin, sort_name, id) where deleted_at is null;
    create index roles_by_builtin_created on roles (org_id, builtin, created_at, id) where deleted_at is null;
    create index roles_deleted on roles (org_id, sort_name, id) where deleted_at is not null;

    create index permissions_by_code on permissions (org_id, code, id);
    create index permissions_by_created on permissions (org_id, created_at, id);
    create index permissions_by_model_code on permissions (org_id, model, code, id);
    create index permissions_by_model_created on permissions (org_id, model, created_at, id);
    create index permissions_by_status_code on permissions (org_id, status, code, id);
    create index permissions_by_status_created on permissions (org_id, status, created_at, id);
    create index permissions_by_builtin_code on permissions (org_id, builtin, code, id);
    create index permissions_by_builtin_created on permissions (org_id, builtin, created_at, id);

    do $$ begin
      perform app.searchable('roles', 'role', array['name', 'description']),
        app.searchable('permissions', 'permission', array['code', 'category', 'description']);
    end $$;
    insert into search_words (org_id, model, word, record_id)
    select distinct r.org_id, 'role', left(w, 64), r.id
    from roles r, regexp_split_to_table(app.fold(r.name || ' ' || r.description), '[^[:alnum:]]+') w where w <> ''
    union all
    select distinct p.org_id, 'permission', left(w, 64), p.id
    from permissions p, regexp_split_to_table(app.fold(p.code || ' ' || p.category || ' ' || p.description), '[^[:alnum:]]+') w where w <> '';
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    create or replace function app.refuse_role_cycle() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    declare circle text;
    begin
      perform pg_advisory_xact_lock(hashtextextended('role_parents ' || new.org_id, 0));
      with recursive up(id, path) as (
        select new.parent_id, array[new.role_id, new.parent_id]
        union all
        select p.parent_id, up.path || p.parent_id from up join public.role_parents p on p.org_id = new.org_id and p.role_id = up.id
        where up.id <> new.role_id and not p.parent_id = any (up.path[2:])
      )
      select (select string_agg(r.name, ' → ' order by w.n) from unnest(up.path) with ordinality w(id, n)
              join public.roles r on r.org_id = new.org_id and r.id = w.id)
      into circle from up where up.id = new.role_id limit 1;
      if circle is not null then
        raise exception 'inheritance would close a circle: %', circle using errcode = 'check_violation', constraint = 'role_parents_acyclic';
      end if;
      return null;
    end $$;
    drop function app.search_roles() cascade;
    drop function app.search_permissions() cascade;
    delete from search_words where model in ('role', 'permission');
    drop index permissions_by_code, permissions_by_created, permissions_by_model_code, permissions_by_model_created,
      permissions_by_status_code, permissions_by_status_created, permissions_by_builtin_code, permissions_by_builtin_created,
      roles_by_name, roles_by_created, roles_by_status_name, roles_by_status_created, roles_by_builtin_name,
      roles_by_builtin_created, roles_deleted;
    drop index roles_name;
    create unique index roles_name on roles (org_id, name) where deleted_at is null;
    alter table roles drop column sort_name;
  `.execute(db)
}
