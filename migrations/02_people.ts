import { type Kysely, sql } from 'kysely'

/** Organizations, accounts, users, groups and their members. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table organizations (
      id uuid primary key default app.uuid_v7(),
      kind text not null default 'tenant' check (kind in ('platform', 'tenant')),
      is_default boolean not null default false,
      name text not null check (name <> ''),
      sort_name text not null collate "C" generated always as (app.fold(name)) stored,
      slug text not null collate "C" unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
      -- words of a name begin behind a blank; ASCII and typographic punctuation separates them
      search_name text not null collate "C" generated always as
        (' ' || regexp_replace(app.found_by(name) || ' ' || slug, '[ -/:-@[-\`{-~\u2010-\u2027]+', ' ', 'g')) stored,
      status text not null default 'active' check (status in ('active', 'suspended')),
      settings jsonb not null default '{}',
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      version int not null default 1
    );
    create unique index organizations_one_default on organizations (is_default) where is_default;
    -- by what people see, as everywhere
    -- partial, so that it is no key: a change of one would wait for whatever is being written in it, and that for the change
    create unique index organizations_name on organizations (sort_name) where name <> '';
    create unique index organizations_one_platform on organizations (kind) where kind = 'platform';
    create index organizations_by_name on organizations (sort_name, id);
    create index organizations_by_created on organizations (created_at, id);
    do $$ begin
      perform app.tenant_table('organizations', 'select, update', 'id'), app.lookup_may('select, insert, update', 'organizations'),
        app.versioned('organizations', array['name', 'slug', 'status', 'settings', 'is_default']);
    end $$;
    create trigger fixed before update on organizations for each row
      when ((new.kind, new.slug, new.status, new.is_default) is distinct from (old.kind, old.slug, old.status, old.is_default))
      execute function app.refuse_application();
    create trigger rights_update after update on organizations referencing old table as old_rows new table as new_rows for each statement execute function app.rights_of_organizations();
    -- they have no org_id: their own id stands in
    create trigger audit_update after update on organizations referencing old table as old_rows new table as new_rows
      for each statement execute function app.audit_organizations('kind', 'is_default', 'name', 'slug', 'status', 'settings');

    -- How a person signs in: of no organization, reached through definer functions alone.
    create table accounts (
      id uuid primary key default app.uuid_v7(),
      email text not null collate "C" unique,
      username text not null collate "C" unique,
      password_hash text,
      -- an administrator chose it, and so knows it
      password_given boolean not null default false,
      -- when its person proved the address, whoever typed it
      email_verified_at timestamptz,
      password_changed_at timestamptz,
      -- what somebody proved or was sent before that counts no more, but for the mail that came with it
      control_changed_at timestamptz,
      control_mail_id uuid,
      failed_logins int not null default 0,
      locked_until timestamptz,
      status text not null default 'active' check (status in ('active', 'disabled')),
      managed_by_org_id uuid references organizations on delete set null,
      last_org_id uuid references organizations on delete set null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      version int not null default 1
    );
    -- no two that people can't tell apart
    create unique index accounts_username_seen on accounts (app.fold(username));
    create index accounts_failing on accounts (id) where failed_logins > 0;
    do $$ begin
      perform app.account_table('accounts', 'select, insert, update'),
        app.versioned('accounts', array['email', 'username', 'password_hash', 'status', 'managed_by_org_id', 'email_verified_at']);
    end $$;
    create trigger date_control before update on accounts for each row
      when ((new.email, new.password_changed_at) is distinct from (old.email, old.password_changed_at)) execute function app.date_control();
    create trigger rights_update after update on accounts referencing old table as old_rows new table as new_rows for each statement execute function app.rights_of_accounts();
    create trigger status_update after update on accounts referencing old table as old_rows new table as new_rows
      for each statement execute function app.audit_account_status();

    -- A shadow user stands in an organization for somebody who entered it. It is never among its people: it bears
    -- deleted_at from the beginning, which every list, key and rule already passes over.
    -- A service account is a user without a person: no account, so no password, and no address.
    create table users (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      kind text not null default 'person' check (kind in ('person', 'service')),
      account_id uuid references accounts on delete set null,
      username text not null collate "C",
      email text not null collate "C",
      first_name text not null default '',
      last_name text not null default '',
      full_name text not null generated always as (coalesce(nullif(btrim(first_name || ' ' || last_name), ''), username)) stored,
      sort_name text not null collate "C" generated always as (app.fold(last_name || ' ' || first_name || ' ' || username)) stored,
      status text not null default 'active' check (status in ('invited', 'active', 'disabled')),
      -- null: not chosen yet
      locale text,
      time_zone text,
      email_verified_at timestamptz,
      last_login_at timestamptz,
      shadow_of_org_id uuid,
      shadow_of_user_id uuid,
      owner_user_id uuid,
      owner_group_id uuid,
      created_by uuid,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      deleted_at timestamptz,
      version int not null default 1,
      primary key (org_id, id),
      foreign key (org_id, owner_user_id) references users (org_id, id) on delete set null (owner_user_id),
      foreign key (org_id, created_by) references users (org_id, id) on delete set null (created_by),
      constraint users_service check (
        case kind when 'service' then account_id is null and email = '' and status <> 'invited' else email <> '' end),
      constraint users_shadow_whole check (num_nonnulls(shadow_of_org_id, shadow_of_user_id) in (0, 2)),
      constraint users_shadow_apart check (shadow_of_user_id is null or (deleted_at is not null and account_id is null))
    );
    create unique index users_one_per_account on users (org_id, account_id) where deleted_at is null;
    create unique index users_email on users (org_id, email) where deleted_at is null and kind = 'person';
    create unique index users_username on users (org_id, username) where deleted_at is null;
    create unique index users_username_seen on users (org_id, app.fold(username)) where deleted_at is null;
    create unique index users_shadow on users (org_id, shadow_of_user_id) where shadow_of_user_id is not null;
    create index users_account on users (account_id);
    -- one index for each pair of filter and sort that the list offers
    create index users_by_name on users (org_id, sort_name, id) where deleted_at is null;
    create index users_by_created on users (org_id, created_at, id) where deleted_at is null;
    create index users_by_status_name on users (org_id, status, sort_name, id) where deleted_at is null;
    create index users_by_status_created on users (org_id, status, created_at, id) where deleted_at is null;
    create index users_by_status_username on users (org_id, status, username, id) where deleted_at is null;
    create index users_by_status_email on users (org_id, status, email, id) where deleted_at is null;
    create index users_by_username on users (org_id, username, id) where deleted_at is null;
    create index users_by_email on users (org_id, email, id) where deleted_at is null;
    create index users_deleted on users (org_id, sort_name, id) where deleted_at is not null;
    create index users_owner on users (org_id, owner_user_id) where owner_user_id is not null;
    create index users_owner_group on users (org_id, owner_group_id) where owner_group_id is not null;
    create index users_services_by_name on users (org_id, sort_name, id) where deleted_at is null and kind = 'service';
    create index users_services_by_created on users (org_id, created_at, id) where deleted_at is null and kind = 'service';
    create index users_services_by_username on users (org_id, username, id) where deleted_at is null and kind = 'service';
    create index users_services_by_status_name on users (org_id, status, sort_name, id) where deleted_at is null and kind = 'service';
    create index users_services_by_status_created on users (org_id, status, created_at, id) where deleted_at is null and kind = 'service';
    create index users_services_by_status_username on users (org_id, status, username, id) where deleted_at is null and kind = 'service';
    create index users_services_deleted on users (org_id, sort_name, id) where deleted_at is not null and kind = 'service';
    do $$ begin
      perform app.tenant_table('users', 'select, insert, update'), app.lookup_may('select, insert, update', 'users'),
        app.versioned('users', array['account_id', 'username', 'email', 'first_name', 'last_name', 'status', 'locale', 'time_zone',
          'email_verified_at', 'owner_user_id', 'owner_group_id', 'deleted_at']),
        app.audited('users', 'user', 'id', array['id'], array['account_id', 'username', 'email', 'first_name', 'last_name', 'status',
          'locale', 'time_zone', 'email_verified_at', 'owner_user_id', 'owner_group_id', 'created_by', 'deleted_at']),
        app.searchable('users', 'user', array['username', 'email', 'first_name', 'last_name']);
    end $$;
    create trigger shadow_insert before insert on users for each row
      when (new.shadow_of_user_id is not null) execute function app.refuse_application();
    create trigger shadow_update before update on users for each row
      when (new.shadow_of_user_id is not null or old.shadow_of_user_id is not null) execute function app.refuse_application();
    create trigger shadow_delete before delete on users for each row
      when (old.shadow_of_user_id is not null) execute function app.refuse_application();
    create trigger joins_insert after insert on users for each row when (new.account_id is not null) execute function app.let_go_who_joins();
    create trigger joins_update after update of account_id on users for each row when (new.account_id is distinct from old.account_id)
      execute function app.let_go_who_joins();
    create trigger count_members after update of deleted_at on users for each row
      when ((old.deleted_at is null) <> (new.deleted_at is null)) execute function app.count_members();
    create trigger rights_update after update on users referencing old table as old_rows new table as new_rows for each statement execute function app.rights_of_users();
    create trigger rights_delete after delete on users referencing old table as old_rows for each statement execute function app.rights_of_deleted_users();
    create trigger elsewhere_insert after insert on users for each row when (new.account_id is not null) execute function app.notify_elsewhere();
    create trigger elsewhere_update after update of account_id, status, deleted_at on users for each row
      when ((new.account_id, new.status, new.deleted_at) is distinct from (old.account_id, old.status, old.deleted_at))
      execute function app.notify_elsewhere();

    create table groups (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      kind text not null check (kind in ('department', 'team', 'warehouse', 'client')),
      name text not null check (name <> ''),
      sort_name text not null collate "C" generated always as (app.fold(name)) stored,
      description text not null default '',
      parent_id uuid,
      -- of people who are not deleted; kept by triggers, since counting takes as long as a group is large
      members_count int not null default 0,
      owner_user_id uuid,
      owner_group_id uuid,
      created_by uuid,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      deleted_at timestamptz,
      version int not null default 1,
      primary key (org_id, id),
      foreign key (org_id, parent_id) references groups (org_id, id) on delete set null (parent_id),
      foreign key (org_id, owner_user_id) references users (org_id, id) on delete set null (owner_user_id),
      foreign key (org_id, owner_group_id) references groups (org_id, id) on delete set null (owner_group_id),
      foreign key (org_id, created_by) references users (org_id, id) on delete set null (created_by),
      check (parent_id <> id)
    );
    alter table users add foreign key (org_id, owner_group_id) references groups (org_id, id) on delete set null (owner_group_id);
    create unique index groups_name on groups (org_id, kind, sort_name) where deleted_at is null;
    create index groups_parent on groups (org_id, parent_id);
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
    do $$ begin
      perform app.tenant_table('groups', 'select, insert, update'), app.lookup_may('select', 'groups'),
        app.versioned('groups', array['kind', 'name', 'description', 'parent_id', 'owner_user_id', 'owner_group_id', 'deleted_at']),
        app.audited('groups', 'group', 'id', array['id'], array['kind', 'name', 'description', 'parent_id', 'owner_user_id',
          'owner_group_id', 'created_by', 'deleted_at']),
        app.searchable('groups', 'group', array['name', 'description']);
    end $$;
    create constraint trigger acyclic after insert or update of parent_id on groups
      for each row when (new.parent_id is not null) execute function app.refuse_group_cycle();
    create trigger rights_insert after insert on groups referencing new table as new_rows for each statement execute function app.rights_of_new_groups();
    create trigger rights_update after update on groups referencing old table as old_rows new table as new_rows for each statement execute function app.rights_of_groups();
    create trigger rights_delete after delete on groups referencing old table as old_rows for each statement execute function app.rights_of_deleted();

    create table group_members (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      group_id uuid not null,
      user_id uuid not null,
      -- who keeps the row, and takes it away again: people, or something that says by itself who is in what
      source text not null collate "C" default 'manual' check (source ~ '^[a-z][a-z0-9_:-]*$'),
      role text not null default 'member' check (role in ('lead', 'member', 'viewer')),
      begins_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (org_id, group_id, user_id, source),
      unique (org_id, id),
      foreign key (org_id, group_id) references groups (org_id, id) on delete cascade,
      foreign key (org_id, user_id) references users (org_id, id) on delete cascade
    );
    create index group_members_user on group_members (org_id, user_id, group_id) include (begins_at);
    do $$ begin
      perform app.tenant_table('group_members'), app.lookup_may('select', 'group_members'),
        app.audited('group_members', 'group_member', 'group_id', array['id'], array['user_id', 'source', 'role', 'begins_at'],
          says => array['user_id', 'source']);
    end $$;
    create trigger stamp before update on group_members for each row execute function app.stamp();
    create trigger touch_insert after insert on group_members referencing new table as changed_rows for each statement execute function app.touch_members();
    create trigger touch_update after update on group_members referencing new table as changed_rows for each statement execute function app.touch_members();
    create trigger touch_delete after delete on group_members referencing old table as changed_rows for each statement execute function app.touch_members();
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop table group_members, groups, users, accounts, organizations cascade;
    drop function app.audit_group_members(), app.audit_groups(), app.search_groups(), app.audit_users(), app.search_users();
  `.execute(db)
}
