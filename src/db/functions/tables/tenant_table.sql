-- owner: owner; callers: none
-- Forced row security with the tenant policy, the owner's own, and the application's grants.
create or replace function app.tenant_table(name text, grants text default 'select, insert, update, delete', org_column text default 'org_id')
  returns void language plpgsql as $$
declare rule text := format('%I = nullif(current_setting(''app.org_id'', true), '''')::uuid', org_column);
begin
  execute format('alter table public.%I enable row level security', name);
  execute format('alter table public.%I force row level security', name);
  execute format('create policy tenant on public.%I to %I using (%s) with check (%s)', name, app.role_app(), rule, rule);
  execute format('create policy owner on public.%I to %I using (true) with check (true)', name, current_user);
  if grants <> '' then execute format('grant %s on public.%I to %I', grants, name, app.role_app()); end if;
  if org_column = 'org_id' then
    execute format('alter table public.%I alter column org_id set default app.org_id()', name);
  end if;
end $$;
