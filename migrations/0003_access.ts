import { type Kysely, sql } from 'kysely'

/** Permissions, roles with inheritance, and who has them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table permissions (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      model text not null collate "C" check (model ~ '^[a-z][a-z0-9_]*$'),
      action text not null collate "C" check (action ~ '^[a-z][a-z0-9_]*$'),
      scope text not null collate "C" check (scope in ('all', 'group', 'own')),
      code text not null collate "C" generated always as (model || ':' || action || ':' || scope) stored,
      description text not null default '',
      category text not null default '',
      builtin boolean not null default false,
      status text not null default 'active' check (status in ('active', 'disabled')),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      version int not null default 1,
      primary key (org_id, id),
      unique (org_id, model, action, scope)
    );

    create table roles (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      name text not null check (name <> ''),
      description text not null default '',
      template text,
      builtin boolean not null default false,
      status text not null default 'active' check (status in ('active', 'disabled')),
      second_factor_required boolean not null default false,
      owner_user_id uuid,
      owner_group_id uuid,
      created_by uuid,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      deleted_at timestamptz,
      version int not null default 1,
      primary key (org_id, id),
      foreign key (org_id, owner_user_id) references users (org_id, id) on delete set null (owner_user_id),
      foreign key (org_id, owner_group_id) references groups (org_id, id) on delete set null (owner_group_id),
      foreign key (org_id, created_by) references users (org_id, id) on delete set null (created_by)
    );
    create unique index roles_name on roles (org_id, name) where deleted_at is null;
    create index roles_off on roles (org_id, id) where status <> 'active' or deleted_at is not null;

    create table role_parents (
      org_id uuid not null references organizations on delete cascade,
      role_id uuid not null,
      parent_id uuid not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (org_id, role_id, parent_id),
      foreign key (org_id, role_id) references roles (org_id, id) on delete cascade,
      foreign key (org_id, parent_id) references roles (org_id, id) on delete cascade,
      check (role_id <> parent_id)
    );
    create index role_parents_parent on role_parents (org_id, parent_id);

    create table role_permissions (
      org_id uuid not null references organizations on delete cascade,
      role_id uuid not null,
      permission_id uuid not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (org_id, role_id, permission_id),
      foreign key (org_id, role_id) references roles (org_id, id) on delete cascade,
      foreign key (org_id, permission_id) references permissions (org_id, id) on delete cascade
    );
    create index role_permissions_permission on role_permissions (org_id, permission_id);

    create table user_roles (
      org_id uuid not null references organizations on delete cascade,
      user_id uuid not null,
      role_id uuid not null,
      granted_by uuid,
      reason text not null default '',
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      expires_at timestamptz,
      primary key (org_id, user_id, role_id) include (expires_at),
      foreign key (org_id, user_id) references users (org_id, id) on delete cascade,
      foreign key (org_id, role_id) references roles (org_id, id) on delete cascade,
      foreign key (org_id, granted_by) references users (org_id, id) on delete set null (granted_by)
    );
    create index user_roles_role on user_roles (org_id, role_id);

    do $$ begin
      perform
        app.tenant_table('permissions'), app.tenant_table('roles'), app.tenant_table('role_parents', 'select, insert, delete'),
        app.tenant_table('role_permissions', 'select, insert, delete'), app.tenant_table('user_roles'),
        app.versioned('permissions', array['model', 'action', 'scope', 'description', 'category', 'status']),
        app.versioned('roles', array['name', 'description', 'status', 'second_factor_required', 'owner_user_id', 'owner_group_id', 'deleted_at']),
        app.lookup_may('select', 'permissions'), app.lookup_may('select', 'roles'), app.lookup_may('select', 'role_parents'),
        app.lookup_may('select', 'role_permissions'), app.lookup_may('select', 'user_roles');
    end $$;

    create trigger stamp before update on user_roles for each row execute function app.stamp();

    -- What is attached to a record is part of it: a new version.
    create function app.touch_user_roles() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      execute 'update public.users u set version = version + 1, updated_at = now()
        where (u.org_id, u.id) in (select org_id, user_id from changed_rows)';
      return null;
    end $$;
    create function app.touch_roles() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      execute 'update public.roles r set version = version + 1, updated_at = now()
        where (r.org_id, r.id) in (select org_id, role_id from changed_rows)';
      return null;
    end $$;
    revoke all on function app.touch_user_roles(), app.touch_roles() from public;
    create trigger touch_insert after insert on user_roles referencing new table as changed_rows for each statement execute function app.touch_user_roles();
    create trigger touch_update after update on user_roles referencing new table as changed_rows for each statement execute function app.touch_user_roles();
    create trigger touch_delete after delete on user_roles referencing old table as changed_rows for each statement execute function app.touch_user_roles();
    create trigger touch_insert after insert on role_permissions referencing new table as changed_rows for each statement execute function app.touch_roles();
    create trigger touch_delete after delete on role_permissions referencing old table as changed_rows for each statement execute function app.touch_roles();
    create trigger touch_insert after insert on role_parents referencing new table as changed_rows for each statement execute function app.touch_roles();
    create trigger touch_delete after delete on role_parents referencing old table as changed_rows for each statement execute function app.touch_roles();

    -- Inheritance is a DAG. Edits of one organization's inheritance take turns, so that two can't close a cycle.
    create function app.refuse_role_cycle() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
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
    revoke all on function app.refuse_role_cycle() from public;
    create constraint trigger acyclic after insert or update on role_parents
      for each row execute function app.refuse_role_cycle();

    create function app.refuse_group_cycle() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
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
    revoke all on function app.refuse_group_cycle() from public;
    create constraint trigger acyclic after insert or update of parent_id on groups
      for each row when (new.parent_id is not null) execute function app.refuse_group_cycle();
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop table user_roles, role_permissions, role_parents, roles, permissions cascade;
    drop trigger acyclic on groups;
    drop function app.refuse_group_cycle(), app.refuse_role_cycle(), app.touch_roles(), app.touch_user_roles();
  `.execute(db)
}
