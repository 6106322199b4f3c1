import { type Kysely, sql } from 'kysely'

/** Permissions, roles with inheritance, who has them, when they were used, and what the code declared. */
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
    create index permissions_by_code on permissions (org_id, code, id);
    create index permissions_by_created on permissions (org_id, created_at, id);
    create index permissions_by_model_code on permissions (org_id, model, code, id);
    create index permissions_by_model_created on permissions (org_id, model, created_at, id);
    create index permissions_by_status_code on permissions (org_id, status, code, id);
    create index permissions_by_status_created on permissions (org_id, status, created_at, id);
    create index permissions_by_builtin_code on permissions (org_id, builtin, code, id);
    create index permissions_by_builtin_created on permissions (org_id, builtin, created_at, id);
    do $$ begin
      perform app.tenant_table('permissions'), app.lookup_may('select, insert', 'permissions'),
        app.versioned('permissions', array['model', 'action', 'scope', 'description', 'category', 'status']),
        app.audited('permissions', 'permission', 'id', array['id'], array['model', 'action', 'scope', 'description', 'category', 'builtin', 'status']),
        app.searchable('permissions', 'permission', array['code', 'category', 'description']);
    end $$;
    create trigger rights_update after update on permissions referencing old table as old_rows new table as new_rows for each statement execute function app.rights_of_organization();
    create trigger rights_delete after delete on permissions referencing old table as old_rows for each statement execute function app.rights_of_deleted();

    create table roles (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      name text not null check (name <> ''),
      sort_name text not null collate "C" generated always as (app.fold(name)) stored,
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
    create unique index roles_name on roles (org_id, sort_name) where deleted_at is null;
    create index roles_off on roles (org_id, id) where status <> 'active' or deleted_at is not null;
    create index roles_second_factor on roles (org_id) where second_factor_required;
    create index roles_by_name on roles (org_id, sort_name, id) where deleted_at is null;
    create index roles_by_created on roles (org_id, created_at, id) where deleted_at is null;
    create index roles_by_status_name on roles (org_id, status, sort_name, id) where deleted_at is null;
    create index roles_by_status_created on roles (org_id, status, created_at, id) where deleted_at is null;
    create index roles_by_builtin_name on roles (org_id, builtin, sort_name, id) where deleted_at is null;
    create index roles_by_builtin_created on roles (org_id, builtin, created_at, id) where deleted_at is null;
    create index roles_deleted on roles (org_id, sort_name, id) where deleted_at is not null;
    do $$ begin
      perform app.tenant_table('roles', 'select, insert, update'), app.lookup_may('select, insert, update', 'roles'),
        app.versioned('roles', array['name', 'description', 'status', 'second_factor_required', 'owner_user_id', 'owner_group_id', 'deleted_at']),
        app.audited('roles', 'role', 'id', array['id'], array['name', 'description', 'template', 'builtin', 'status',
          'second_factor_required', 'owner_user_id', 'owner_group_id', 'created_by', 'deleted_at']),
        app.searchable('roles', 'role', array['name', 'description']);
    end $$;
    create trigger rights_update after update on roles referencing old table as old_rows new table as new_rows for each statement execute function app.rights_of_organization();
    create trigger rights_delete after delete on roles referencing old table as old_rows for each statement execute function app.rights_of_deleted();

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
    do $$ begin
      perform app.tenant_table('role_parents', 'select, insert, delete'), app.lookup_may('select', 'role_parents'),
        app.audited('role_parents', 'role_parent', 'role_id', array['role_id', 'parent_id'], array['parent_id']);
    end $$;
    create constraint trigger acyclic after insert or update on role_parents
      for each row execute function app.refuse_role_cycle();
    create trigger touch_insert after insert on role_parents referencing new table as changed_rows for each statement execute function app.touch_roles();
    create trigger touch_delete after delete on role_parents referencing old table as changed_rows for each statement execute function app.touch_roles();

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
    do $$ begin
      perform app.tenant_table('role_permissions', 'select, insert, delete'), app.lookup_may('select, insert', 'role_permissions'),
        app.audited('role_permissions', 'role_permission', 'role_id', array['role_id', 'permission_id'], array['permission_id']);
    end $$;
    create trigger touch_insert after insert on role_permissions referencing new table as changed_rows for each statement execute function app.touch_roles();
    create trigger touch_delete after delete on role_permissions referencing old table as changed_rows for each statement execute function app.touch_roles();

    create table user_roles (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      user_id uuid not null,
      role_id uuid not null,
      -- as of group_members
      source text not null collate "C" default 'manual' check (source ~ '^[a-z][a-z0-9_:-]*$'),
      granted_by uuid,
      reason text not null default '',
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      begins_at timestamptz,
      expires_at timestamptz,
      primary key (org_id, user_id, role_id, source) include (begins_at, expires_at),
      unique (org_id, id),
      foreign key (org_id, user_id) references users (org_id, id) on delete cascade,
      foreign key (org_id, role_id) references roles (org_id, id) on delete cascade,
      foreign key (org_id, granted_by) references users (org_id, id) on delete set null (granted_by)
    );
    create index user_roles_role on user_roles (org_id, role_id);
    do $$ begin
      perform app.tenant_table('user_roles'), app.lookup_may('select, insert', 'user_roles'),
        app.audited('user_roles', 'user_role', 'user_id', array['id'], array['role_id', 'source', 'granted_by', 'reason',
          'begins_at', 'expires_at'], says => array['role_id', 'source']);
    end $$;
    create trigger stamp before update on user_roles for each row execute function app.stamp();
    create trigger touch_insert after insert on user_roles referencing new table as changed_rows for each statement execute function app.touch_user_roles();
    create trigger touch_update after update on user_roles referencing new table as changed_rows for each statement execute function app.touch_user_roles();
    create trigger touch_delete after delete on user_roles referencing old table as changed_rows for each statement execute function app.touch_user_roles();

    -- By people and their keys, written some time later: reading leaves no other trace.
    create table permission_uses (
      org_id uuid not null references organizations on delete cascade,
      user_id uuid not null,
      model text not null collate "C",
      action text not null collate "C",
      last_at timestamptz not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (org_id, user_id, model, action),
      foreign key (org_id, user_id) references users (org_id, id) on delete cascade
    );
    -- updated in place, again and again
    alter table permission_uses set (fillfactor = 70);

    -- Which columns meant "own" and "group", what could be done, and what templates held: by which code access was decided when.
    create table access_declarations (
      id uuid primary key default app.uuid_v7(),
      hash bytea not null,
      document jsonb not null,
      valid_from timestamptz not null default clock_timestamp(),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create index access_declarations_by_time on access_declarations (valid_from);
    do $$ begin
      perform app.tenant_table('permission_uses', 'select'), app.lookup_may('select, insert, update', 'permission_uses'),
        app.account_table('access_declarations', 'select, insert');
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop table access_declarations, permission_uses, user_roles, role_permissions, role_parents, roles, permissions cascade;
    drop function app.audit_user_roles(), app.audit_role_permissions(), app.audit_role_parents(), app.audit_roles(), app.search_roles(),
      app.audit_permissions(), app.search_permissions();
  `.execute(db)
}
