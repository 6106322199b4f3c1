import { type Kysely, sql } from 'kysely'

/** Links in mails: what they are good for, how they are made by whoever sends them, and how they are used up. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- Who registered and has not yet shown that the address is theirs: no account, and no name is taken.
    create table registrations (
      id uuid primary key default app.uuid_v7(),
      username text not null collate "C",
      email text not null collate "C",
      first_name text not null,
      last_name text not null,
      password_hash text not null,
      failed int not null default 0,
      expires_at timestamptz not null default now() + interval '24 hours',
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create index registrations_by_expires on registrations (expires_at);

    create table account_tokens (
      id uuid primary key default app.uuid_v7(),
      account_id uuid references accounts on delete cascade,
      registration_id uuid references registrations on delete cascade,
      purpose text not null check (purpose in ('register', 'verify_email', 'reset_password', 'change_email', 'undo_email', 'unlock')),
      -- the address that it makes the account's
      new_email text collate "C",
      -- the mail that it went with, which may have been sent twice
      mail_id uuid not null,
      token_hash bytea not null unique,
      expires_at timestamptz not null,
      used_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      check (num_nonnulls(account_id, registration_id) = 1 and (registration_id is not null) = (purpose = 'register')),
      check ((new_email is not null) = (purpose in ('change_email', 'undo_email')))
    );
    create index account_tokens_account on account_tokens (account_id);
    create index account_tokens_registration on account_tokens (registration_id);
    create index account_tokens_by_expires on account_tokens (expires_at);
    create index account_tokens_address on account_tokens (new_email) where purpose = 'undo_email' and used_at is null;
    do $$
    declare t text;
    begin
      foreach t in array array['account_tokens', 'registrations'] loop
        execute format('create trigger stamp before update on %I for each row execute function app.stamp()', t);
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy owner on %I to %I using (true) with check (true)', t, current_user);
        perform app.lookup_may('select, insert, update, delete', t);
      end loop;
    end $$;
    create index mails_recipient on mails (recipient, created_at);

    -- In which language somebody reads mail: that of the organization used last.
    create function app.language_of(account uuid) returns text language sql stable set search_path = pg_catalog, pg_temp as $$
      select coalesce((select u.locale from public.users u join public.accounts a on a.id = u.account_id
        where a.id = account and u.deleted_at is null order by u.org_id = a.last_org_id desc nulls last, u.created_at limit 1), 'en')
    $$;

    -- How many mails of these kinds an address got within the hour; whoever asks next waits until this is decided.
    create function app.mailed(address text, kinds text[]) returns int language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    begin
      perform pg_advisory_xact_lock(hashtextextended('mailed ' || address, 0));
      return (select count(*) from public.mails m
        where m.recipient = address and m.created_at > now() - interval '1 hour' and m.template = any (kinds));
    end $$;

    -- A job like that of a mail, where none is to be sent: so that nobody can tell by the time it takes.
    create function app.queue_no_mail() returns void language sql volatile set search_path = pg_catalog, pg_temp as $$
      select app.queue_job('mail', jsonb_build_object('mail', app.uuid_v7()), '{}', 0)
    $$;

    -- Another address or password is another's hand, whoever makes the change: proofs from before count no more.
    create function app.date_control() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      new.control_changed_at := greatest(old.control_changed_at, case when new.password_changed_at is distinct from old.password_changed_at
        then new.password_changed_at else clock_timestamp() end);
      return new;
    end $$;
    create trigger date_control before update on accounts for each row
      when ((new.email, new.password_changed_at) is distinct from (old.email, old.password_changed_at)) execute function app.date_control();

    -- Another address, another password or the end of an account ends its links, but those that take a change back.
    create function app.end_links() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      delete from public.account_tokens t where t.account_id = new.id and t.used_at is null and t.purpose <> 'undo_email';
      return null;
    end $$;
    create trigger end_links after update on accounts for each row
      when ((new.email, new.password_changed_at, new.status) is distinct from (old.email, old.password_changed_at, old.status))
      execute function app.end_links();

    -- An address that somebody may still take back is nobody else's meanwhile.
    create function app.keep_address() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      if exists (select from public.account_tokens t where t.purpose = 'undo_email' and t.used_at is null and t.new_email = new.email
          and t.expires_at > now() and t.account_id <> new.id) then
        raise unique_violation using constraint = 'accounts_email_key', message = 'this address may still be taken back';
      end if;
      return new;
    end $$;
    create trigger keep_address_insert before insert on accounts for each row execute function app.keep_address();
    create trigger keep_address_update before update of email on accounts for each row when (new.email <> old.email) execute function app.keep_address();

    -- For whoever is signed in and says their password again, and for the page about it.
    create function app.account_lookup(account uuid, device bytea) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      return (select jsonb_build_object('account', a.id, 'username', a.username, 'email', a.email, 'verified', a.email_verified_at is not null,
          'passwordHash', a.password_hash, 'changed', a.password_changed_at, 'active', a.status = 'active',
          'lockedMs', greatest(0, floor(extract(epoch from case when d.hash is null then a.locked_until else d.locked_until end - clock_timestamp()) * 1000)))
        from public.accounts a left join public.known_devices d on d.account_id = a.id and d.hash = device where a.id = account);
    end $$;

    create function app.end_other_sessions(account uuid, session uuid) returns void language sql volatile set search_path = pg_catalog, pg_temp as $$
      update public.sessions s set revoked_at = now() where s.revoked_at is null and s.id is distinct from session and (s.account_id = account
        or (s.org_id, s.impersonator_id) in (select u.org_id, u.id from public.users u where u.account_id = account))
    $$;

    -- Who controls an account has changed, in whatever way: every link, session, browser and proof from before ends, by the
    -- clock, not by when this transaction began. What goes on is named: the session that acts, under another token, with
    -- its browser, and the link that takes this very change back, which went with the same mail.
    create function app.end_control(account uuid, session uuid default null, renewed bytea default null, device bytea default null,
        change uuid default null) returns void language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    declare kept uuid;
    begin
      update public.accounts a set control_changed_at = clock_timestamp(), control_mail_id = change where a.id = account;
      delete from public.account_tokens t where t.account_id = account and t.used_at is null and not (t.purpose = 'undo_email'
        and exists (select from public.mails m where m.id = t.mail_id and (m.data ->> 'mail')::uuid = change));
      delete from public.known_devices d where d.account_id = account and d.hash is distinct from device;
      update public.sessions s set token_hash = coalesce(renewed, s.token_hash)
      where s.id = session and s.account_id = account and s.revoked_at is null returning s.id into kept;
      if renewed is not null and kept is not null then perform pg_notify('rights', 's:' || kept); end if;
      perform app.end_other_sessions(account, kept);
    end $$;

    -- What was set up before an address was proved ends with the proof: since then, or all of it. Later steps bring such things.
    create function app.end_unproved(account uuid, since timestamptz, ctx jsonb) returns void
      language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    begin
    end $$;

    -- What happened to an account: for itself, and in every organization that its person is in.
    create function app.note_account(account uuid, name text, ctx jsonb) returns void
      language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    begin
      insert into public.security_events (account_id, action, request_id, ip) values (account, name, ctx ->> 'request', (ctx ->> 'ip')::inet);
      insert into public.events (org_id, actor_org_id, actor_user_id, via, action, target_type, target_id, request_id, ip)
      select u.org_id, u.org_id, u.id, coalesce(ctx ->> 'via', 'web'), name, 'user', u.id, ctx ->> 'request', (ctx ->> 'ip')::inet
      from public.users u where u.account_id = account and u.deleted_at is null;
    end $$;

    -- A new password, chosen by its person: unlocks, and tells them.
    create function app.set_password(account uuid, becomes text, session uuid, renewed bytea, device bytea, name text, ctx jsonb) returns void
      language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    begin
      perform set_config('app.context', (ctx || jsonb_build_object('reason', name))::text, true);
      update public.accounts a set password_hash = becomes, password_given = false, password_changed_at = clock_timestamp(), failed_logins = 0,
        locked_until = null where a.id = account;
      perform app.end_control(account, session, renewed, device), app.note_account(account, name, ctx), app.queue_account_mail(account, 'password-changed', app.language_of(account), '{}');
    end $$;

    -- What a mail about an account or a registration says, and its link: made by whoever sends it, of the kind and for the
    -- account that the mail is. The newest of a kind counts, but for those that take a change back. Null where the mail is
    -- no longer to be sent.
    create function app.account_mail(mail uuid, hash bytea) returns jsonb
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare m public.mails; known public.accounts; entry public.registrations; kind text; ends timestamptz;
    begin
      perform app.refuse_inside();
      select * into m from public.mails where id = mail and status = 'queued';
      kind := case m.template when 'register' then 'register' when 'reset-password' then 'reset_password' when 'verify-email' then 'verify_email'
        when 'change-email' then 'change_email' when 'email-changing' then 'undo_email' when 'account-locked' then 'unlock' end;
      if kind = 'register' then
        select * into entry from public.registrations r where r.id = (m.data ->> 'registration')::uuid and r.expires_at > now();
        ends := entry.expires_at;
      else
        select * into known from public.accounts a where a.id = m.account_id and a.status = 'active' for update;
        ends := m.created_at + case kind when 'undo_email' then interval '7 days' when 'verify_email' then interval '24 hours' else interval '1 hour' end;
        if kind is not null and m.created_at < known.control_changed_at and not coalesce((m.data ->> 'mail')::uuid = known.control_mail_id, false)
          or kind in ('reset_password', 'verify_email', 'unlock') and known.email <> m.recipient then return null; end if;
      end if;
      if num_nonnulls(known.id, entry.id) = 0 or kind is not null and ends < now() then return null; end if;
      if kind is not null then
        delete from public.account_tokens t
        where t.account_id = known.id and kind <> 'undo_email' and t.purpose = kind and t.used_at is null and t.mail_id <> m.id;
        insert into public.account_tokens (account_id, registration_id, purpose, new_email, mail_id, token_hash, expires_at)
        values (known.id, entry.id, kind, case when kind in ('change_email', 'undo_email') then m.recipient end, m.id, hash, ends);
      end if;
      return jsonb_build_object('username', coalesce(known.username, entry.username),
        'newEmail', (select r.recipient from public.mails r where r.id = (m.data ->> 'mail')::uuid));
    end $$;

    -- What a link is for, without using it up; null for one that is used, too old, or none at all.
    create function app.link_lookup(token bytea) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      return (select jsonb_build_object('purpose', t.purpose, 'account', a.id, 'username', coalesce(a.username, r.username),
          'email', coalesce(t.new_email, a.email, r.email), 'passwordHash', r.password_hash)
        from public.account_tokens t
        left join public.accounts a on a.id = t.account_id and a.status = 'active'
        left join public.registrations r on r.id = t.registration_id and r.failed < 5
        where t.token_hash = token and t.used_at is null and t.expires_at > now() and num_nonnulls(a.id, r.id) = 1);
    end $$;

    -- Whether somebody of the organization is locked out, and for how long.
    create function app.account_lock(person uuid) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
    begin
      return (select jsonb_build_object('until', a.locked_until) from public.accounts a join public.users u on u.account_id = a.id
        where u.org_id = org and u.id = person and a.locked_until > now());
    end $$;

    -- An administrator lets somebody of the organization sign in again at once.
    create function app.unlock_account(person uuid) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare
      ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
      org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
      account uuid;
    begin
      if not app.rights(org, app.user_id()) -> 'permissions' ? 'user:update:all' then
        raise exception 'this person may not unlock' using errcode = '42501';
      end if;
      select u.account_id into account from public.users u where u.org_id = org and u.id = person and u.deleted_at is null;
      if account is null then return false; end if;
      update public.accounts a set failed_logins = 0, locked_until = null where a.id = account;
      update public.known_devices d set failed_logins = 0, locked_until = null where d.account_id = account;
      insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, via, action, target_type, target_id, request_id, ip)
      values (org, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, (ctx ->> 'impersonator')::uuid, coalesce(ctx ->> 'via', 'sql'), 'user:unlock', 'user', person,
        ctx ->> 'request', (ctx ->> 'ip')::inet);
      insert into public.security_events (account_id, action, data, request_id, ip)
      values (account, 'account:unlock', jsonb_build_object('org', ctx ->> 'org', 'user', ctx ->> 'user'), ctx ->> 'request', (ctx ->> 'ip')::inet);
      return true;
    end $$;

    -- As before; the address that was is told.
    create or replace function app.rename_account(person uuid, login text, address text) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare known public.accounts;
    begin
      select * into known from public.accounts a where a.id = app.managed_account(person) for update;
      if not found then return false; end if;
      update public.accounts a set username = login, email = address,
        email_verified_at = case when a.email = address then a.email_verified_at end
      where a.id = known.id;
      if known.email <> address and known.password_hash is not null then
        perform app.queue_account_mail(known.id, 'email-changed', app.language_of(known.id), '{}', known.email);
      end if;
      return true;
    end $$;

    revoke all on function app.date_control(), app.end_links(), app.keep_address() from public;
    do $$
    declare f text;
    begin
      foreach f in array array['app.language_of(uuid)', 'app.mailed(text, text[])', 'app.queue_no_mail()', 'app.note_account(uuid, text, jsonb)',
        'app.end_other_sessions(uuid, uuid)', 'app.end_control(uuid, uuid, bytea, bytea, uuid)', 'app.end_unproved(uuid, timestamptz, jsonb)',
        'app.set_password(uuid, text, uuid, bytea, bytea, text, jsonb)'] loop
        perform app.give_to_lookup(f);
      end loop;
      foreach f in array array['app.account_lookup(uuid, bytea)', 'app.account_mail(uuid, bytea)', 'app.link_lookup(bytea)',
        'app.account_lock(uuid)', 'app.unlock_account(uuid)'] loop
        perform app.give_to_lookup(f), app.give_to_app(f);
      end loop;
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop trigger keep_address_update on accounts;
    drop trigger keep_address_insert on accounts;
    drop trigger end_links on accounts;
    drop trigger date_control on accounts;
    drop function app.unlock_account(uuid), app.account_lock(uuid), app.link_lookup(bytea), app.account_mail(uuid, bytea),
      app.set_password(uuid, text, uuid, bytea, bytea, text, jsonb), app.note_account(uuid, text, jsonb), app.end_unproved(uuid, timestamptz, jsonb),
      app.end_control(uuid, uuid, bytea, bytea, uuid), app.end_other_sessions(uuid, uuid), app.date_control(),
      app.account_lookup(uuid, bytea), app.keep_address(), app.end_links(), app.queue_no_mail(), app.mailed(text, text[]),
      app.language_of(uuid);
    create or replace function app.rename_account(person uuid, login text, address text) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      update public.accounts a set username = login, email = address,
        email_verified_at = case when a.email = address then a.email_verified_at end
      where a.id = app.managed_account(person);
      return found;
    end $$;
    drop index mails_recipient;
    drop table account_tokens, registrations;
  `.execute(db)
}
