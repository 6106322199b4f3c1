-- owner: owner; callers: app, lookup
-- Who must look again: 'u:<user>', 'a:<account>', 's:<session>' or 'o:<organization>'.
create or replace function app.notify_rights(payloads text[], org uuid) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if cardinality(payloads) > 50 and org is not null then
    perform pg_notify('rights', 'o:' || org);
  else
    perform pg_notify('rights', payload) from unnest(payloads) payload;
  end if;
end $$;
