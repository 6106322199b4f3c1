-- owner: lookup; callers: none
-- Somebody joins a second organization, with an address and a password of their own or not at all: what anybody had of
-- the account before ends. Where they were is not told where that is.
create or replace function app.join_another(account uuid) returns void language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  inside text := current_setting('app.context', true);
  ctx jsonb := jsonb_build_object('via', nullif(inside, '')::jsonb ->> 'via', 'reason', 'signed out everywhere',
    'cause', app.uuid_v7(), 'cause_kind', 'request');
begin
  perform from public.accounts a where a.id = account and a.email_verified_at is not null and not a.password_given for update;
  if not found then raise exception 'the address of this account is not proved' using errcode = '42501'; end if;
  perform set_config('app.context', ctx::text, true), app.let_go(account, ctx), app.end_control(account),
    set_config('app.context', coalesce(inside, ''), true);
end $$;
