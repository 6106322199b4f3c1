-- owner: owner; callers: none
-- Takes away what app.record_table made.
create or replace function app.drop_record_table(name text) returns void language plpgsql as $body$
begin
  execute format('drop table public.%I', name);
  execute format('drop function app.audit_%s()', name);
  execute format('drop function if exists app.search_%s(), app.tag_%s()', name, name);
end $body$;
