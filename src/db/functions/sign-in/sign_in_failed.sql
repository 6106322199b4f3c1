-- owner: lookup; callers: app
-- Counts a failure: of a known device for itself, else of the name, whether somebody has it or nobody. Whose name
-- gets locked is told, once an hour. Answers the milliseconds that it is locked for.
create or replace function app.sign_in_failed(name text, account uuid, attempts int, minutes int, request text, ip inet, device bytea) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare until timestamptz; was timestamptz; hash bytea := sha256(convert_to(name, 'UTF8')); known public.accounts;
begin
  perform app.refuse_inside();
  update public.known_devices d set (failed_logins, locked_until) =
    (select c.failures, c.lock from app.count_failure(d.failed_logins, d.locked_until, (attempts + 1) / 2, minutes) c)
  where d.account_id = account and d.hash = device returning d.locked_until into until;
  if found then
    was := until;
  elsif account is not null then
    select * into known from public.accounts a where a.id = account for update;
    was := known.locked_until;
    update public.accounts a set (failed_logins, locked_until) =
      (select c.failures, c.lock from app.count_failure(a.failed_logins, a.locked_until, attempts, minutes) c)
    where a.id = account returning a.locked_until into until;
  else
    insert into public.unknown_logins (name_hash) values (hash) on conflict do nothing;
    select l.locked_until into was from public.unknown_logins l where l.name_hash = hash for update;
    update public.unknown_logins l set updated_at = now(), (failed_logins, locked_until) =
      (select c.failures, c.lock from app.count_failure(l.failed_logins, l.locked_until, attempts, minutes) c)
    where l.name_hash = hash returning l.locked_until into until;
  end if;
  insert into public.security_events (account_id, action, data, request_id, ip)
  values (account, case when until > now() then 'sign_in:locked' else 'sign_in:failed' end,
    jsonb_build_object('name_hash', encode(hash, 'hex')), request, ip);
  if until > now() and until is distinct from was then
    if known.status = 'active' and known.password_hash is not null and app.mailed(known.email, array['account-locked']) = 0 then
      perform app.queue_account_mail(account, 'account-locked', app.language_of(account), '{}');
    else
      perform app.queue_no_mail();
    end if;
  end if;
  return greatest(0, coalesce(extract(epoch from until - now()) * 1000, 0));
end $$;
