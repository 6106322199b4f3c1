-- owner: owner; callers: none
-- Rows of search_words that follow a record's columns, in the same statement: split makes them of a row n. They go into their
-- index in its order, which costs a quarter less.
create or replace function app.indexed(name text, follows text, model text, split text, columns text[]) returns void language plpgsql as $body$
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
        select distinct n.org_id, %3$L, left(w, 64), n.id from new_rows n, %4$s w where w <> '' order by 1, 2, 3, 4;
      elsif exists (select org_id, id, %5$s from new_rows except select org_id, id, %5$s from old_rows) then
        delete from public.search_words w using new_rows n
        where w.org_id = n.org_id and w.model = %3$L and w.record_id = n.id;
        insert into public.search_words (org_id, model, word, record_id)
        select distinct n.org_id, %3$L, left(w, 64), n.id from new_rows n, %4$s w where w <> '' order by 1, 2, 3, 4;
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
