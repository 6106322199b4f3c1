import { type Kysely, sql } from 'kysely'

/** How links are asked for, and what they do: each is used once, and what it was for is then in the trail. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- By whoever has just proved the old one; their session stays, under another token.
    create function app.change_password(account uuid, proved timestamptz, becomes text, session uuid, renewed bytea, device bytea, ctx jsonb) returns boolean
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

    -- Asks for a link to choose another password. The same work for every name; at most three mails an hour.
    create function app.forgot_password(name text, ctx jsonb) returns void
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

    -- Uses a link up: once, for what it was made for, while its account is active. The account comes first, as everywhere.
    create function app.take_link(token bytea, kind text) returns public.account_tokens
      language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    declare taken public.account_tokens;
    begin
      perform from public.accounts a where a.id = (select t.account_id from public.account_tokens t where t.token_hash = token) and a.status = 'active' for update;
      if found then
        update public.account_tokens t set used_at = now()
        where t.token_hash = token and t.purpose = kind and t.used_at is null and t.expires_at > now() returning * into taken;
        -- of one mail that was sent twice, one link is used
        delete from public.account_tokens t where t.mail_id = taken.mail_id and t.used_at is null;
      end if;
      return taken;
    end $$;

    -- Makes a confirmed address the account's, and that of its person wherever it was the old one.
    create function app.confirm_address(account uuid, address text, ctx jsonb) returns void
      language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    declare was text := (select a.email from public.accounts a where a.id = account);
    begin
      perform set_config('app.context', ctx::text, true);
      update public.accounts a set email = address, email_verified_at = now() where a.id = account;
      update public.users u set email = address, email_verified_at = now() where u.account_id = account and u.email = was;
    end $$;

    create function app.reset_password(token bytea, becomes text, ctx jsonb) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare link public.account_tokens; known public.accounts;
    begin
      perform app.refuse_inside();
      link := app.take_link(token, 'reset_password');
      if link.id is null then return false; end if;
      select * into known from public.accounts a where a.id = link.account_id;
      -- whoever has the link reads the mail
      if known.email_verified_at is null then perform app.confirm_address(known.id, known.email, ctx); end if;
      if known.email_verified_at is null or known.password_given then perform app.end_unproved(known.id, null, ctx); end if;
      perform app.set_password(known.id, becomes, null, null, null, 'auth:reset_password', ctx);
      return true;
    end $$;

    create function app.unlock_by_link(token bytea, ctx jsonb) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare link public.account_tokens;
    begin
      perform app.refuse_inside();
      link := app.take_link(token, 'unlock');
      if link.id is null then return false; end if;
      update public.accounts a set failed_logins = 0, locked_until = null where a.id = link.account_id;
      perform app.note_account(link.account_id, 'auth:unlock', ctx);
      return true;
    end $$;

    -- Of the address that an account has, or is to have, by whoever has the link and proved the password at that time: a
    -- link that is pressed by somebody else's wish opens their account to nobody.
    create function app.confirm_email(token bytea, proved timestamptz, session uuid, renewed bytea, device bytea, ctx jsonb) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare link public.account_tokens; known public.accounts;
    begin
      perform app.refuse_inside();
      perform from public.accounts a where a.id = (select t.account_id from public.account_tokens t where t.token_hash = token) for update;
      select a.* into known from public.accounts a join public.account_tokens t on t.account_id = a.id where t.token_hash = token;
      if proved is null or proved < known.control_changed_at then return false; end if;
      link := app.take_link(token, 'verify_email');
      if link.id is null then link := app.take_link(token, 'change_email'); end if;
      if link.id is null then return false; end if;
      perform app.confirm_address(known.id, coalesce(link.new_email, known.email), ctx);
      if known.email_verified_at is null then perform app.end_unproved(known.id, null, ctx); end if;
      perform app.end_control(known.id, session, renewed, device, case when link.purpose = 'change_email' then link.mail_id end);
      perform app.note_account(known.id, case link.purpose when 'verify_email' then 'auth:verify_email' else 'auth:change_email' end, ctx);
      return true;
    end $$;

    -- Gives an account its old address back, with another password: whoever changed it knew the one that was, and what
    -- they set up since ends; where that address was never proved before, all that was set up.
    create function app.undo_email(token bytea, becomes text, ctx jsonb) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare link public.account_tokens; since timestamptz;
    begin
      perform app.refuse_inside();
      link := app.take_link(token, 'undo_email');
      if link.id is null then return false; end if;
      since := (select m.created_at from public.mails m where m.id = link.mail_id and (m.data ->> 'proved')::boolean);
      perform app.confirm_address(link.account_id, link.new_email, ctx);
      perform app.end_unproved(link.account_id, since, ctx);
      perform app.set_password(link.account_id, becomes, null, null, null, 'auth:undo_email', ctx);
      return true;
    end $$;

    -- Asks for a link to the address: of the account as it is, or to another one, of which the old one is told. The same
    -- for an address that somebody has: they are told instead. Null once it is done; else why not: three times within the
    -- hour, to either address, or until when the latest change may be taken back, by the link that another change would end.
    create function app.request_email(account uuid, address text, ctx jsonb) returns jsonb
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare known public.accounts; owner uuid; lang text := app.language_of(account); sent uuid; until timestamptz;
    begin
      perform app.refuse_inside();
      select * into known from public.accounts a where a.id = account and a.status = 'active' for update;
      if not found or app.mailed(known.email, array['email-changing', 'verify-email']) >= 3 then return '{"often": true}'; end if;
      if address is null then
        perform app.queue_account_mail(account, 'verify-email', lang, '{}'), app.note_account(account, 'auth:request_verification', ctx);
        return null;
      end if;
      select max(t.expires_at) into until from public.account_tokens t where t.account_id = account and t.purpose = 'undo_email'
        and t.used_at is null and t.expires_at > now() and t.new_email <> known.email;
      if until is not null then return jsonb_build_object('until', until); end if;
      -- which of these mails it got tells nobody whether it has an account
      if app.mailed(address, array['change-email', 'address-known', 'register']) >= 3 then return '{"often": true}'; end if;
      select a.id into owner from public.accounts a where a.email = address;
      sent := app.queue_account_mail(coalesce(owner, account), case when owner is null then 'change-email' else 'address-known' end, lang, '{}', address);
      perform app.queue_account_mail(account, 'email-changing', lang,
          jsonb_build_object('mail', sent, 'proved', known.email_verified_at is not null)),
        app.note_account(account, 'auth:request_email', ctx);
      return null;
    end $$;

    -- Registers with an address that is to be confirmed. The same work for one that has an account, whose person is told;
    -- at most three mails an hour. False: the user name is taken.
    create function app.begin_registration(login text, address text, first_name text, last_name text, hash text, ctx jsonb) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare made uuid; owner uuid; org uuid := app.default_organization();
    begin
      perform app.refuse_inside();
      if exists (select from public.accounts a where app.fold(a.username) = app.fold(login))
        or exists (select from public.users u where u.org_id = org and app.fold(u.username) = app.fold(login) and u.deleted_at is null) then return false; end if;
      insert into public.registrations (username, email, first_name, last_name, password_hash) values (login, address, first_name, last_name, hash)
      returning id into made;
      insert into public.security_events (action, data, request_id, ip)
      values ('auth:register', jsonb_build_object('registration', made), ctx ->> 'request', (ctx ->> 'ip')::inet);
      select a.id into owner from public.accounts a where a.email = address;
      if app.mailed(address, array['change-email', 'address-known', 'register']) >= 3 then
        perform app.queue_no_mail();
      elsif owner is not null then
        perform app.queue_account_mail(owner, 'address-known', app.language_of(owner), '{}');
      else
        perform app.enter(org, ctx::text, 5000), app.queue_mail('register', address, 'en', jsonb_build_object('registration', made));
      end if;
      return true;
    end $$;

    create function app.registration_failed(token bytea) returns void
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      update public.registrations r set failed = r.failed + 1
      where r.id = (select t.registration_id from public.account_tokens t where t.token_hash = token);
    end $$;

    -- The account of a registration, under a user name that may be another by now; null where the link is no good.
    create function app.confirm_registration(token bytea, login text) returns jsonb
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare entry public.registrations; made uuid;
    begin
      delete from public.registrations r where r.expires_at > now() and r.failed < 5
        and r.id = (select t.registration_id from public.account_tokens t where t.token_hash = token) returning * into entry;
      if not found then return null; end if;
      insert into public.accounts (username, email, password_hash, password_changed_at, email_verified_at, last_org_id)
      values (login, entry.email, entry.password_hash, now(), now(), nullif(current_setting('app.org_id', true), '')::uuid)
      returning id into made;
      return jsonb_build_object('account', made, 'email', entry.email, 'first_name', entry.first_name, 'last_name', entry.last_name);
    end $$;

    -- Takes away what is older than its time, so many rows of each kind at most; answers how many went.
    create function app.tidy_accounts(most int) returns int
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare gone int; total int := 0;
    begin
      perform app.refuse_inside();
      delete from public.account_tokens where id in (
        select t.id from public.account_tokens t where t.expires_at < now() - interval '30 days' limit most for update skip locked);
      get diagnostics gone = row_count; total := total + gone;
      delete from public.registrations where id in (
        select r.id from public.registrations r where r.expires_at < now() limit most for update skip locked);
      get diagnostics gone = row_count; total := total + gone;
      -- the cookie of a device lasts as long
      delete from public.known_devices where (account_id, hash) in (
        select d.account_id, d.hash from public.known_devices d where d.last_used_at < now() - interval '182 days' limit most for update skip locked);
      get diagnostics gone = row_count;
      return total + gone;
    end $$;

    do $$
    declare f text;
    begin
      foreach f in array array['app.take_link(bytea, text)', 'app.confirm_address(uuid, text, jsonb)'] loop
        perform app.give_to_lookup(f);
      end loop;
      foreach f in array array['app.change_password(uuid, timestamptz, text, uuid, bytea, bytea, jsonb)', 'app.forgot_password(text, jsonb)',
        'app.reset_password(bytea, text, jsonb)', 'app.unlock_by_link(bytea, jsonb)',
        'app.confirm_email(bytea, timestamptz, uuid, bytea, bytea, jsonb)',
        'app.undo_email(bytea, text, jsonb)', 'app.request_email(uuid, text, jsonb)',
        'app.begin_registration(text, text, text, text, text, jsonb)', 'app.registration_failed(bytea)',
        'app.confirm_registration(bytea, text)', 'app.tidy_accounts(int)'] loop
        perform app.give_to_lookup(f), app.give_to_app(f);
      end loop;
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop function app.tidy_accounts(int), app.confirm_registration(bytea, text), app.registration_failed(bytea),
      app.begin_registration(text, text, text, text, text, jsonb), app.request_email(uuid, text, jsonb),
      app.undo_email(bytea, text, jsonb), app.confirm_email(bytea, timestamptz, uuid, bytea, bytea, jsonb), app.unlock_by_link(bytea, jsonb),
      app.reset_password(bytea, text, jsonb), app.confirm_address(uuid, text, jsonb), app.take_link(bytea, text),
      app.forgot_password(text, jsonb), app.change_password(uuid, timestamptz, text, uuid, bytea, bytea, jsonb);
  `.execute(db)
}
