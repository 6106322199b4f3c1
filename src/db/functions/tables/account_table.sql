-- owner: owner; callers: none
-- Of no organization, and reached through functions alone: forced row security, which lets the two through that run them.
create or replace function app.account_table(name text, grants text default 'select, insert, update, delete') returns void language plpgsql as $$
begin
  execute format('alter table public.%I enable row level security', name);
  execute format('alter table public.%I force row level security', name);
  execute format('create policy owner on public.%I to %I using (true) with check (true)', name, current_user);
  perform app.lookup_may(grants, name);
end $$;
