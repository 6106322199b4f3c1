import { type Kysely, sql } from 'kysely'

/** An account is its person's alone from when they join a second organization, or detach it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- From now on nobody but its person changes how somebody signs in. Stands in the trail of the organization that did.
    create function app.let_go(account uuid, ctx jsonb) returns boolean
      language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    declare was uuid := (select a.managed_by_org_id from public.accounts a where a.id = account for update);
    begin
      if was is null then return false; end if;
      update public.accounts a set managed_by_org_id = null where a.id = account;
      insert into public.security_events (account_id, action, request_id, ip)
      values (account, 'account:detach', ctx ->> 'request', (ctx ->> 'ip')::inet);
      insert into public.events (org_id, actor_org_id, actor_user_id, via, action, target_type, target_id, request_id, ip)
      select u.org_id, u.org_id, u.id, coalesce(ctx ->> 'via', 'sql'), 'account:detach', 'user', u.id, ctx ->> 'request', (ctx ->> 'ip')::inet
      from public.users u where u.account_id = account and u.org_id = was and u.deleted_at is null;
      return true;
    end $$;

    -- Somebody joins a second organization, with an address and a password of their own or not at all: what anybody had of
    -- the account before ends. Where they were is not told where that is.
    create function app.join_another(account uuid) returns void language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    declare
      inside text := current_setting('app.context', true);
      ctx jsonb := jsonb_build_object('via', nullif(inside, '')::jsonb ->> 'via', 'reason', 'signed out everywhere');
    begin
      perform from public.accounts a where a.id = account and a.email_verified_at is not null and not a.password_given for update;
      if not found then raise exception 'the address of this account is not proved' using errcode = '42501'; end if;
      perform set_config('app.context', ctx::text, true), app.let_go(account, ctx), app.end_control(account),
        set_config('app.context', coalesce(inside, ''), true);
    end $$;

    -- By whatever way they do. Two looks at an index for each row, also for thousands.
    create function app.is_elsewhere(account uuid, org uuid) returns boolean language plpgsql stable set search_path = pg_catalog, pg_temp as $$
    begin
      return exists (select from public.accounts a where a.id = account and a.managed_by_org_id <> org)
        or exists (select from public.users u where u.account_id = account and u.org_id <> org);
    end $$;
    create function app.let_go_who_joins() returns trigger
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      if tg_op = 'UPDATE' then
        perform app.join_another(new.account_id) where app.is_elsewhere(new.account_id, new.org_id);
      else
        perform app.join_another(n.account_id) from new_rows n where n.account_id is not null and app.is_elsewhere(n.account_id, n.org_id);
      end if;
      return null;
    end $$;
    create trigger joins_insert after insert on users referencing new table as new_rows for each statement execute function app.let_go_who_joins();
    create trigger joins_update after update of account_id on users for each row when (new.account_id is distinct from old.account_id)
      execute function app.let_go_who_joins();

    -- By the person, who has just proved to be that.
    create function app.detach_account(account uuid, session uuid, renewed bytea, device bytea, ctx jsonb) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      if not app.let_go(account, ctx) then return false; end if;
      perform set_config('app.context', (ctx || '{"reason": "account:detach"}')::text, true), app.end_control(account, session, renewed, device);
      return true;
    end $$;

    -- The account of somebody of the organization, if it may change it, locked first: who joins another one meanwhile has left.
    create function app.lock_managed_account(person uuid) returns public.accounts
      language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    declare org uuid := nullif(current_setting('app.org_id', true), '')::uuid; known public.accounts;
    begin
      perform from public.accounts a
      where a.id = (select u.account_id from public.users u where u.org_id = org and u.id = person and u.deleted_at is null) for update;
      select * into known from public.accounts a where a.id = app.managed_account(person);
      return known;
    end $$;

    -- As before, under the account's lock.
    create or replace function app.rename_account(person uuid, login text, address text) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare known public.accounts := app.lock_managed_account(person);
    begin
      if known.id is null then return false; end if;
      update public.accounts a set username = login, email = address,
        email_verified_at = case when a.email = address then a.email_verified_at end
      where a.id = known.id;
      if known.email <> address then perform app.end_control(known.id); end if;
      if known.email <> address and known.password_hash is not null then
        perform app.queue_account_mail(known.id, 'email-changed', app.language_of(known.id), '{}', known.email);
      end if;
      return true;
    end $$;

    -- What an administrator did to an account: refused to whoever may not change everybody.
    create function app.note_administration(person uuid, account uuid, name text) returns void
      language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    declare
      ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
      org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
    begin
      if not app.rights(org, app.user_id()) -> 'permissions' ? 'user:update:all' then
        raise exception 'this person may not change how others sign in' using errcode = '42501';
      end if;
      insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, via, action, target_type, target_id, request_id, ip)
      values (org, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, (ctx ->> 'impersonator')::uuid, coalesce(ctx ->> 'via', 'sql'), 'user:' || name,
        'user', person, ctx ->> 'request', (ctx ->> 'ip')::inet);
      insert into public.security_events (account_id, action, data, request_id, ip)
      values (account, 'account:' || name, jsonb_build_object('org', ctx ->> 'org', 'user', ctx ->> 'user'), ctx ->> 'request', (ctx ->> 'ip')::inet);
    end $$;

    -- As before, in the trail.
    create or replace function app.set_first_password(person uuid, hash text) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare known public.accounts := app.lock_managed_account(person);
    begin
      if known.id is null or known.password_hash is not null then return false; end if;
      update public.accounts a set password_hash = hash, password_given = true, password_changed_at = clock_timestamp() where a.id = known.id;
      perform app.end_control(known.id);
      perform app.note_administration(person, known.id, 'set_password');
      return true;
    end $$;

    -- As before, of accounts that the organization manages: a lock guards the other companies, too.
    create or replace function app.account_lock(person uuid) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      return (select jsonb_build_object('until', a.locked_until) from public.accounts a
        where a.id = app.managed_account(person) and a.locked_until > now());
    end $$;

    -- Whether anything was locked, or counted; null where the account is not managed here.
    create or replace function app.unlock_account(person uuid) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare known public.accounts := app.lock_managed_account(person); counted boolean;
    begin
      if known.id is null then return null; end if;
      update public.accounts a set failed_logins = 0, locked_until = null
        where a.id = known.id and (a.failed_logins > 0 or a.locked_until is not null);
      counted := found;
      update public.known_devices d set failed_logins = 0, locked_until = null
        where d.account_id = known.id and (d.failed_logins > 0 or d.locked_until is not null);
      if not (counted or found) then return false; end if;
      perform app.note_administration(person, known.id, 'unlock');
      return true;
    end $$;

    do $$
    declare f text;
    begin
      foreach f in array array['app.let_go(uuid, jsonb)', 'app.join_another(uuid)', 'app.is_elsewhere(uuid, uuid)',
        'app.let_go_who_joins()', 'app.lock_managed_account(uuid)', 'app.note_administration(uuid, uuid, text)',
        'app.detach_account(uuid, uuid, bytea, bytea, jsonb)'] loop
        perform app.give_to_lookup(f);
      end loop;
      perform app.give_to_app('app.detach_account(uuid, uuid, bytea, bytea, jsonb)');
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    create or replace function app.unlock_account(person uuid) returns boolean
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
    create or replace function app.account_lock(person uuid) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
    begin
      return (select jsonb_build_object('until', a.locked_until) from public.accounts a join public.users u on u.account_id = a.id
        where u.org_id = org and u.id = person and a.locked_until > now());
    end $$;
    create or replace function app.set_first_password(person uuid, hash text) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      update public.accounts a set password_hash = hash, password_changed_at = now()
      where a.id = app.managed_account(person) and a.password_hash is null;
      return found;
    end $$;
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
    drop function app.note_administration(uuid, uuid, text), app.lock_managed_account(uuid), app.detach_account(uuid, uuid, bytea, bytea, jsonb);
    drop trigger joins_update on users;
    drop trigger joins_insert on users;
    drop function app.let_go_who_joins(), app.is_elsewhere(uuid, uuid), app.join_another(uuid), app.let_go(uuid, jsonb);
  `.execute(db)
}
