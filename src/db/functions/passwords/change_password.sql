-- owner: lookup; callers: app
-- By whoever has just proved the old one; their session stays, under another token.
create or replace function app.change_password(account uuid, proved timestamptz, becomes text, session uuid, renewed bytea, device bytea, ctx jsonb) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform app.refuse_inside();
  perform from public.accounts a where a.id = account and a.status = 'active' and (a.control_changed_at <= proved) is not false for update;
  if not found then return false; end if;
  perform from public.sessions s where s.id = session and s.account_id = account and s.revoked_at is null for update;
  if not found then return false; end if;
  perform app.set_password(account, becomes, session, renewed, device, 'auth:change_password', ctx);
  return true;
end $$;
