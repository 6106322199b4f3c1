-- owner: lookup; callers: app
-- The owner that an organization was made with, who has no password; the shadow of who made it vouches.
create or replace function app.invite_owner(target uuid) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  home uuid := nullif(current_setting('app.org_id', true), '')::uuid;
  person uuid := app.platform_actor('organization:create:all');
  chief public.users; shadow uuid; mail uuid;
begin
  select u.* into strict chief from public.users u
  where u.org_id = target and u.status = 'invited' and u.created_by is null and u.deleted_at is null;
  insert into public.users (org_id, username, email, first_name, last_name, locale, time_zone, deleted_at, shadow_of_org_id, shadow_of_user_id)
  select target, p.username, p.email, p.first_name, p.last_name, p.locale, p.time_zone, now(), p.org_id, p.id
  from public.users p where p.org_id = home and p.id = person returning id into shadow;
  insert into public.mails (for_org_id, template, language, recipient) values (target, 'invitation', coalesce(chief.locale, 'en'), chief.email)
  returning id into mail;
  insert into public.invitations (org_id, email, user_id, invited_by, created_by, mail_id)
  values (target, chief.email, chief.id, shadow, shadow, mail);
  perform app.queue_job('mail', jsonb_build_object('mail', mail), '{}', 0);
end $$;
