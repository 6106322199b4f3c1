import { type Kysely, sql } from 'kysely'

/**
 * What every entity of the kernel has in common, so that a new one is a handful of lines: `app.record_table` makes a
 * business table with its keys, owner columns, row security, version, trail, words to search by and an index for
 * every declared pair of filter and sort. And uploads that wait to be imported.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- sorts: of text columns by their folded form, a column of its own named sort_<name>; a column of text[] holds tags
    create function app.record_table(name text, model text, columns text, searched text[] default '{}', sorts text[] default '{}',
      filters text[] default '{}') returns void language plpgsql as $body$
    declare
      own text[]; f text; s text;
      standard text[] := array['owner_user_id', 'owner_group_id', 'created_by', 'deleted_at'];
    begin
      execute format($f$
        create table public.%I (
          org_id uuid not null references public.organizations on delete cascade,
          id uuid not null default app.uuid_v7(),
          %s,
          owner_user_id uuid,
          owner_group_id uuid,
          created_by uuid,
          created_at timestamptz not null default now(),
          updated_at timestamptz not null default now(),
          deleted_at timestamptz,
          version int not null default 1,
          primary key (org_id, id),
          foreign key (org_id, owner_user_id) references public.users (org_id, id) on delete set null (owner_user_id),
          foreign key (org_id, owner_group_id) references public.groups (org_id, id) on delete set null (owner_group_id),
          foreign key (org_id, created_by) references public.users (org_id, id) on delete set null (created_by)
        ) $f$, name, columns);
      own := array(select a.attname::text from pg_attribute a where a.attrelid = format('public.%I', name)::regclass and a.attnum > 0
        and a.attgenerated = '' and a.attname <> all (standard || array['org_id', 'id', 'created_at', 'updated_at', 'version'])
        order by a.attnum);
      foreach s in array sorts loop
        if (select a.atttypid = 'text'::regtype from pg_attribute a where a.attrelid = format('public.%I', name)::regclass and a.attname = s) then
          execute format('alter table public.%I add column %I text not null collate "C" generated always as (app.fold(%I)) stored', name, 'sort_' || s, s);
          s := 'sort_' || s;
        end if;
        execute format('create index on public.%I (org_id, %I, id) where deleted_at is null', name, s);
        execute format('create index on public.%I (org_id, %I, id) where deleted_at is not null', name, s);
        foreach f in array filters loop
          execute format('create index on public.%I (org_id, %I, %I, id) where deleted_at is null', name, f, s);
        end loop;
      end loop;
      execute format('create index on public.%I (org_id, owner_user_id) where owner_user_id is not null', name);
      execute format('create index on public.%I (org_id, owner_group_id) where owner_group_id is not null', name);
      perform app.tenant_table(name), app.versioned(name, own || array['owner_user_id', 'owner_group_id', 'deleted_at']),
        app.audited(name, model, 'id', array['id'], own || standard);
      if cardinality(searched) > 0 then perform app.searchable(name, model, searched); end if;
      perform app.tagged(name, model, a.attname) from pg_attribute a
      where a.attrelid = format('public.%I', name)::regclass and a.attname = any (own) and a.atttypid = 'text[]'::regtype;
    end $body$;

    create function app.drop_record_table(name text) returns void language plpgsql as $body$
    begin
      execute format('drop table public.%I', name);
      execute format('drop function app.audit_%s()', name);
      execute format('drop function if exists app.search_%s(), app.tag_%s()', name, name);
    end $body$;
    revoke all on function app.record_table(text, text, text, text[], text[], text[]), app.drop_record_table(text) from public;

    -- a file on its way in: whose it is and for what, how its columns are read, and how far it has come
    create table imports (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      user_id uuid not null,
      path text not null collate "C",
      name text not null,
      content bytea not null,
      columns jsonb not null default '[]',
      status text not null default 'waiting' check (status in ('waiting', 'checking', 'checked', 'importing', 'imported', 'failed')),
      -- who works on it: whoever was taken for dead keeps nothing
      run uuid,
      done int not null default 0,
      total int not null default 0,
      report jsonb not null default '{}',
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (org_id, id),
      foreign key (org_id, user_id) references users (org_id, id) on delete cascade
    );
    -- read a piece at a time
    alter table imports alter content set storage external;
    create index imports_by_user on imports (org_id, user_id, created_at);
    create index imports_old on imports (org_id, created_at);
    do $$ begin perform app.tenant_table('imports'); end $$;
    create trigger stamp before update on imports for each row execute function app.stamp();
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop table imports;
    drop function app.drop_record_table(text), app.record_table(text, text, text, text[], text[], text[]);
  `.execute(db)
}
