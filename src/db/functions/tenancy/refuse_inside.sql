-- owner: owner; callers: lookup
-- For what comes before an organization: an injected statement, which runs inside one, can't ask for accounts.
create or replace function app.refuse_inside() returns void language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if coalesce(current_setting('app.org_id', true), '') <> '' then
    raise exception 'not inside of an organization' using errcode = '42501';
  end if;
end $$;
