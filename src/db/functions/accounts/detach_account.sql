-- owner: lookup; callers: app
-- By the person, who has just proved to be that.
create or replace function app.detach_account(account uuid, session uuid, renewed bytea, device bytea, ctx jsonb) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  if not app.let_go(account, ctx) then return false; end if;
  perform set_config('app.context', (ctx || '{"reason": "account:detach"}')::text, true), app.end_control(account, session, renewed, device);
  return true;
end $$;
