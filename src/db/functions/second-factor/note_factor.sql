-- owner: lookup; callers: none
-- What happened to a second factor: in the trail, and by mail.
create or replace function app.note_factor(account uuid, name text, what text, ctx jsonb) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  perform app.note_account(account, name, ctx),
    app.queue_account_mail(account, 'second-factor', app.language_of(account), jsonb_build_object('what', what));
end $$;
