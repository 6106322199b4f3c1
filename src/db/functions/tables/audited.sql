-- owner: owner; callers: none
-- Columns are an allow-list: a change of any other makes no event. They stand in the trigger's arguments,
-- where a test compares them with the catalog. target names the column with the record's id; says, columns that stand in
-- every event, so that a change of another says whose it is.
create or replace function app.audited(name text, model text, target text, keys text[], columns text[],
    says text[] default '{}') returns void language plpgsql as $body$
declare
  -- a number with places is text, which no reader of JSON makes a float of
  exact text[] := array(select a.attname::text from pg_attribute a where a.attrelid = format('public.%I', name)::regclass and a.atttypid = 'numeric'::regtype);
  doc_new text := (select string_agg(format('%L, n.%I%s', c, c, case when c = any (exact) then '::text' end), ', ') from unnest(columns) c);
  doc_old text := (select string_agg(format('%L, o.%I%s', c, c, case when c = any (exact) then '::text' end), ', ') from unnest(columns) c);
  by_keys text := (select string_agg(format('o.%I = n.%I', k, k), ' and ') from unnest(array['org_id'] || keys) k);
  soft boolean := 'deleted_at' = any (columns);
  -- what other writers leave to the defaults of events is said here, too: those read the context anew for each row
  head text := 'insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, api_key_id, session_id, client_id, cause_id,
      cause_kind, via, reason, request_id, ip, target_type, target_id, action, data)
    select %I.org_id, (ctx ->> ''org'')::uuid, (ctx ->> ''user'')::uuid, (ctx ->> ''impersonator'')::uuid, (ctx ->> ''key'')::uuid,
           (ctx ->> ''session'')::uuid, (ctx ->> ''client'')::uuid, (ctx ->> ''cause'')::uuid, ctx ->> ''cause_kind'',
           coalesce(ctx ->> ''via'', ''sql''), ctx ->> ''reason'', ctx ->> ''request'', (ctx ->> ''ip'')::inet, ';
  arguments text := (select string_agg(quote_literal(c), ', ') from unnest(columns) c);
begin
  execute format($f$
    create function app.audit_%1$s() returns trigger language plpgsql security definer
      set search_path = pg_catalog, pg_temp set enable_nestloop = off as $t$
    declare ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
    begin
      if tg_op = 'INSERT' then
        %2$s %4$L, n.%5$I, %4$L || ':create', jsonb_build_object('after', jsonb_strip_nulls(jsonb_build_object(%7$s))) from new_rows n;
      elsif tg_op = 'DELETE' then
        %3$s %4$L, o.%5$I, %4$L || ':delete', jsonb_build_object('before', jsonb_strip_nulls(jsonb_build_object(%8$s))) from old_rows o;
      else
        %2$s %4$L, n.%5$I, %4$L || %9$s,
          jsonb_build_object(
            'before', (select jsonb_object_agg(k, v) from jsonb_each(d.was) e(k, v) where d.becomes -> k <> v%10$s),
            'after', (select jsonb_object_agg(k, v) from jsonb_each(d.becomes) e(k, v) where d.was -> k <> v%10$s))
        from new_rows n join old_rows o on %6$s,
          lateral (select jsonb_build_object(%8$s) was, jsonb_build_object(%7$s) becomes) d
        where d.was <> d.becomes;
      end if;
      return null;
    end $t$ $f$,
    name, format(head, 'n'), format(head, 'o'), model, target, by_keys, doc_new, doc_old,
    case when soft then
      '(case when n.deleted_at is not null and o.deleted_at is null then '':delete'' when n.deleted_at is null and o.deleted_at is not null then '':restore'' else '':update'' end)'
    else ''':update''' end,
    (select format(' or k in (%s)', string_agg(quote_literal(c), ', ')) from unnest(says) c having count(*) > 0));
  execute format('create trigger audit_insert after insert on public.%I referencing new table as new_rows
    for each statement execute function app.audit_%s(%s)', name, name, arguments);
  execute format('create trigger audit_update after update on public.%I referencing old table as old_rows new table as new_rows
    for each statement execute function app.audit_%s(%s)', name, name, arguments);
  execute format('create trigger audit_delete after delete on public.%I referencing old table as old_rows
    for each statement execute function app.audit_%s(%s)', name, name, arguments);
  perform app.give_to_lookup(format('app.audit_%s()', name));
end $body$;
