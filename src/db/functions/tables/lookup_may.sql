-- owner: owner; callers: none
-- What the lookup role may do with a table, and the policy that lets it through row security.
create or replace function app.lookup_may(grants text, name text) returns void language plpgsql as $$
begin
  execute format('grant %s on public.%I to %I', grants, name, app.role_lookup());
  if not exists (select from pg_policies where schemaname = 'public' and tablename = name and policyname = 'lookup') then
    execute format('create policy lookup on public.%I to %I using (true) with check (true)', name, app.role_lookup());
  end if;
end $$;
