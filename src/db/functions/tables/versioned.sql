-- owner: owner; callers: none
-- A change of one of these columns raises the version; others (last_login_at, …) do not.
create or replace function app.versioned(name text, columns text[]) returns void language plpgsql as $$
begin
  execute format('create trigger touch before update of %s on public.%I for each row execute function app.touch()',
    (select string_agg(quote_ident(c), ', ') from unnest(columns) c), name);
end $$;
