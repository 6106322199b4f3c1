-- owner: lookup; callers: none
-- A new password, chosen by its person: unlocks, and tells them.
create or replace function app.set_password(account uuid, becomes text, session uuid, renewed bytea, device bytea, name text, ctx jsonb) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  perform set_config('app.context', (ctx || jsonb_build_object('reason', name))::text, true);
  update public.accounts a set password_hash = becomes, password_given = false, password_changed_at = clock_timestamp(), failed_logins = 0,
    locked_until = null where a.id = account;
  perform app.end_control(account, session, renewed, device), app.note_account(account, name, ctx), app.queue_account_mail(account, 'password-changed', app.language_of(account), '{}');
end $$;
