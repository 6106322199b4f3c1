-- owner: owner; callers: none
-- What is deleted is kept, and can come back: nothing takes it away for good, but of a table that isn't lasting.
-- sorts: of text columns by their folded form, a column of its own named sort_<name>; a column of text[] holds tags
create or replace function app.record_table(name text, model text, columns text, searched text[] default '{}', sorts text[] default '{}',
  filters text[] default '{}', lasting boolean default true) returns void language plpgsql as $body$
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
  perform app.tenant_table(name, 'select, insert, update' || case when lasting then '' else ', delete' end), app.versioned(name, own || array['owner_user_id', 'owner_group_id', 'deleted_at']),
    app.audited(name, model, 'id', array['id'], own || standard);
  if cardinality(searched) > 0 then perform app.searchable(name, model, searched); end if;
  perform app.tagged(name, model, a.attname) from pg_attribute a
  where a.attrelid = format('public.%I', name)::regclass and a.attname = any (own) and a.atttypid = 'text[]'::regtype;
end $body$;
