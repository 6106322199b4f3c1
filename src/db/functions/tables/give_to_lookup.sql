-- owner: owner; callers: none
-- For functions that are made with a table.
create or replace function app.give_to_lookup(signature text) returns void language plpgsql as $$
begin
  execute format('revoke all on function %s from public', signature);
  execute format('grant create on schema app to %I', app.role_lookup());
  execute format('alter function %s owner to %I', signature, app.role_lookup());
  execute format('revoke create on schema app from %I', app.role_lookup());
  execute format('grant execute on function %s to current_user', signature);
end $$;
