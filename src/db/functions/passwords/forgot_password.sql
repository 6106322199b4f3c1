-- owner: lookup; callers: app
-- Asks for a link to choose another password. The same work for every name; at most three mails an hour.
create or replace function app.forgot_password(name text, ctx jsonb) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare known public.accounts; hash bytea := sha256(convert_to('forgot ' || name, 'UTF8'));
begin
  perform app.refuse_inside();
  select * into known from public.accounts a where a.username = name or a.email = name order by a.username = name desc limit 1;
  insert into public.security_events (account_id, action, data, request_id, ip)
  values (known.id, 'password:forgot', jsonb_build_object('name_hash', encode(hash, 'hex')), ctx ->> 'request', (ctx ->> 'ip')::inet);
  if known.status = 'active' and known.password_hash is not null and app.mailed(known.email, array['reset-password']) < 3
    and (exists (select from public.users u join public.organizations o on o.id = u.org_id where u.account_id = known.id
        and u.status = 'active' and u.deleted_at is null and o.status = 'active')
      -- or to join one, for which an address is proved first
      or exists (select from public.invitations i where i.email = known.email and i.status = 'pending' and i.deleted_at is null and i.expires_at > now()))
  then
    perform app.queue_account_mail(known.id, 'reset-password', app.language_of(known.id), '{}');
  else
    insert into public.unknown_logins as l (name_hash) values (hash) on conflict (name_hash) do update set updated_at = now();
    perform app.queue_no_mail();
  end if;
end $$;
