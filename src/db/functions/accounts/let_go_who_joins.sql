-- owner: lookup; callers: none
create or replace function app.let_go_who_joins() returns trigger
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.join_another(new.account_id) where app.is_elsewhere(new.account_id, new.org_id);
  return null;
end $$;
