-- owner: lookup; callers: none
create or replace function app.let_go_who_joins() returns trigger
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' then
    perform app.join_another(new.account_id) where app.is_elsewhere(new.account_id, new.org_id);
  else
    perform app.join_another(n.account_id) from new_rows n where n.account_id is not null and app.is_elsewhere(n.account_id, n.org_id);
  end if;
  return null;
end $$;
