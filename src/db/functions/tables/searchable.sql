-- owner: owner; callers: none
-- The words of its text columns.
create or replace function app.searchable(name text, model text, columns text[]) returns void language plpgsql as $$
declare words text := (select string_agg(format('coalesce(n.%I, '''')', c), ' || '' '' || ') from unnest(columns) c);
begin
  perform app.indexed(name, 'search', model, format('regexp_split_to_table(app.found_by(%s) collate "default", ''[^[:alnum:]]+'')', words), columns);
end $$;
