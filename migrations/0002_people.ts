import { type Kysely, sql } from 'kysely'

/** Organizations, accounts, users, groups and their members. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table organizations (
      id uuid primary key default app.uuid_v7(),
      kind text not null default 'tenant' check (kind in ('platform', 'tenant')),
      is_default boolean not null default false,
      name text not null check (name <> ''),
      slug text not null collate "C" unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
      status text not null default 'active' check (status in ('active', 'suspended')),
      settings jsonb not null default '{}',
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      version int not null default 1
    );
    create unique index organizations_one_default on organizations (is_default) where is_default;
    create unique index organizations_one_platform on organizations (kind) where kind = 'platform';

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
    -- Names that nobody has lock like those that somebody has.
    create unlogged table unknown_logins (
      name_hash bytea primary key,
      failed_logins int not null default 0,
      locked_until timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create table security_events (
      id uuid primary key default app.uuid_v7(),
      account_id uuid,
      action text not null,
      data jsonb not null default '{}',
      request_id text,
      ip inet,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create index security_events_by_account on security_events (account_id, created_at);

    create table users (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      account_id uuid references accounts on delete set null,
      username text not null collate "C",
      email text not null collate "C",
      first_name text not null default '',
      last_name text not null default '',
      sort_name text not null collate "C" generated always as (app.fold(last_name || ' ' || first_name || ' ' || username)) stored,
      status text not null default 'active' check (status in ('invited', 'active', 'disabled')),
      -- null: not chosen yet
      locale text,
      time_zone text,
      email_verified_at timestamptz,
      last_login_at timestamptz,
      owner_user_id uuid,
      owner_group_id uuid,
      created_by uuid,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      deleted_at timestamptz,
      version int not null default 1,
      primary key (org_id, id),
      foreign key (org_id, owner_user_id) references users (org_id, id) on delete set null (owner_user_id),
      foreign key (org_id, created_by) references users (org_id, id) on delete set null (created_by)
    );
    create unique index users_one_per_account on users (org_id, account_id) where deleted_at is null;
    create unique index users_email on users (org_id, email) where deleted_at is null;
    create unique index users_username on users (org_id, username) where deleted_at is null;
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

    create table groups (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      kind text not null check (kind in ('department', 'team', 'warehouse', 'client')),
      name text not null check (name <> ''),
      description text not null default '',
      parent_id uuid,
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
    create unique index groups_name on groups (org_id, kind, name) where deleted_at is null;
    create index groups_parent on groups (org_id, parent_id);
    alter table users add foreign key (org_id, owner_group_id) references groups (org_id, id) on delete set null (owner_group_id);

    create table group_members (
      org_id uuid not null references organizations on delete cascade,
      group_id uuid not null,
      user_id uuid not null,
      role text not null default 'member' check (role in ('lead', 'member', 'viewer')),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (org_id, group_id, user_id),
      foreign key (org_id, group_id) references groups (org_id, id) on delete cascade,
      foreign key (org_id, user_id) references users (org_id, id) on delete cascade
    );
    create index group_members_user on group_members (org_id, user_id, group_id);

    -- A row per word: search is a prefix range on plain text, which keeps its index under row security.
    create table search_words (
      org_id uuid not null references organizations on delete cascade,
      model text not null collate "C",
      word text not null collate "C",
      record_id uuid not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (org_id, model, word, record_id)
    );
    create index search_words_record on search_words (org_id, model, record_id, word);

    do $$ begin
      perform
        app.tenant_table('organizations', 'select, update', 'id'),
        app.tenant_table('users'), app.tenant_table('groups'), app.tenant_table('group_members'),
        app.tenant_table('search_words', 'select, insert, delete'),
        app.versioned('organizations', array['name', 'slug', 'status', 'settings', 'is_default']),
        app.versioned('accounts', array['email', 'username', 'password_hash', 'status', 'managed_by_org_id', 'email_verified_at']),
        app.versioned('users', array['account_id', 'username', 'email', 'first_name', 'last_name', 'status', 'locale', 'time_zone',
          'email_verified_at', 'owner_user_id', 'owner_group_id', 'deleted_at']),
        app.versioned('groups', array['kind', 'name', 'description', 'parent_id', 'owner_user_id', 'owner_group_id', 'deleted_at']),
        app.lookup_may('select', 'organizations'), app.lookup_may('select, insert, update', 'users'),
        app.lookup_may('select', 'groups'), app.lookup_may('select', 'group_members');
      execute format('grant select, insert, update on accounts to %I', app.role_lookup());
      execute format('grant select, insert, update, delete on unknown_logins to %I', app.role_lookup());
      execute format('grant insert on security_events to %I', app.role_lookup());
    end $$;
    alter table accounts enable row level security;
    alter table accounts force row level security;
    alter table unknown_logins enable row level security;
    alter table unknown_logins force row level security;
    alter table security_events enable row level security;
    alter table security_events force row level security;
    do $$ begin
      perform app.lookup_may('select', 'accounts'), app.lookup_may('select', 'unknown_logins'), app.lookup_may('select', 'security_events');
      execute format('create policy owner on accounts to %I using (true) with check (true)', current_user);
      execute format('create policy owner on unknown_logins to %I using (true) with check (true)', current_user);
      execute format('create policy owner on security_events to %I using (true) with check (true)', current_user);
    end $$;

    -- Rows of search_words that follow a record's columns, in the same statement: split makes them of a row n.
    create function app.indexed(name text, follows text, model text, split text, columns text[]) returns void language plpgsql as $body$
    declare named text := (select string_agg(quote_ident(c), ', ') from unnest(columns) c); verb text;
    begin
      execute format($f$
        create function app.%1$s_%2$s() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $t$
        begin
          if tg_op = 'DELETE' then
            delete from public.search_words w using old_rows o
            where w.org_id = o.org_id and w.model = %3$L and w.record_id = o.id;
          elsif tg_op = 'INSERT' then
            insert into public.search_words (org_id, model, word, record_id)
            select distinct n.org_id, %3$L, left(w, 64), n.id from new_rows n, %4$s w where w <> '';
          elsif exists (select org_id, id, %5$s from new_rows except select org_id, id, %5$s from old_rows) then
            delete from public.search_words w using new_rows n
            where w.org_id = n.org_id and w.model = %3$L and w.record_id = n.id;
            insert into public.search_words (org_id, model, word, record_id)
            select distinct n.org_id, %3$L, left(w, 64), n.id from new_rows n, %4$s w where w <> '';
          end if;
          return null;
        end $t$ $f$, follows, name, model, split, named);
      execute format('revoke all on function app.%s_%s() from public', follows, name);
      foreach verb in array array['insert', 'update', 'delete'] loop
        execute format('create trigger %1$s_%2$s after %2$s on public.%3$I referencing %4$s for each statement execute function app.%1$s_%3$s()',
          follows, verb, name, case verb when 'insert' then 'new table as new_rows' when 'delete' then 'old table as old_rows'
            else 'new table as new_rows old table as old_rows' end);
      end loop;
    end $body$;

    -- The words of its text columns.
    create function app.searchable(name text, model text, columns text[]) returns void language plpgsql as $body$
    declare words text := (select string_agg(format('coalesce(n.%I, '''')', c), ' || '' '' || ') from unnest(columns) c);
    begin
      perform app.indexed(name, 'search', model, format('regexp_split_to_table(app.fold(%s), ''[^[:alnum:]]+'')', words), columns);
    end $body$;

    -- The tags of an array of them, each as a whole, apart from the words.
    create function app.tagged(name text, model text, tags text) returns void language plpgsql as $body$
    begin
      perform app.indexed(name, 'tag', model || '#' || tags, format('unnest(n.%I)', tags), array[tags]);
    end $body$;
    revoke all on function app.searchable(text, text, text[]), app.tagged(text, text, text), app.indexed(text, text, text, text, text[]) from public;
    do $$ begin perform app.searchable('users', 'user', array['username', 'email', 'first_name', 'last_name']); end $$;

    create trigger stamp before update on group_members for each row execute function app.stamp();

    -- Members are part of a group and of a person: both records get a new version.
    create function app.touch_members() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      -- planned anew each time: a kept plan for one row would take minutes for thousands
      execute 'update public.users u set version = version + 1, updated_at = now()
        where (u.org_id, u.id) in (select org_id, user_id from changed_rows)';
      execute 'update public.groups g set version = version + 1, updated_at = now()
        where (g.org_id, g.id) in (select org_id, group_id from changed_rows)';
      return null;
    end $$;
    revoke all on function app.touch_members() from public;
    create trigger touch_insert after insert on group_members referencing new table as changed_rows for each statement execute function app.touch_members();
    create trigger touch_update after update on group_members referencing new table as changed_rows for each statement execute function app.touch_members();
    create trigger touch_delete after delete on group_members referencing old table as changed_rows for each statement execute function app.touch_members();
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop table search_words, group_members, groups, users, security_events, unknown_logins, accounts, organizations cascade;
    drop function app.touch_members(), app.search_users(), app.tagged(text, text, text), app.searchable(text, text, text[]),
      app.indexed(text, text, text, text, text[]);
  `.execute(db)
}
