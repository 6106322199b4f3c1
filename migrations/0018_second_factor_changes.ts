import { type Kysely, sql } from 'kysely'

/** How a second factor is turned on and off, by its person or for them, and its recovery codes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- What happened to a second factor: in the trail, and by mail.
    create function app.note_factor(account uuid, name text, what text, ctx jsonb) returns void
      language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.note_account(account, name, ctx),
        app.queue_account_mail(account, 'second-factor', app.language_of(account), jsonb_build_object('what', what));
    end $$;

    -- As before: a second factor, and the codes beside it. A session that passed it has to pass another.
    create or replace function app.end_unproved(account uuid, since timestamptz, ctx jsonb) returns void
      language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    declare gone boolean;
    begin
      perform set_config('app.context', ctx::text, true);
      delete from public.totp_credentials t where t.account_id = account and (t.created_at < since) is not true;
      gone := found;
      delete from public.recovery_codes c where c.account_id = account and (gone or (c.created_at < since) is not true);
      if not gone then return; end if;
      update public.sessions s set second_factor_at = null where s.account_id = account and s.revoked_at is null;
      perform app.note_factor(account, 'auth:turn_off_second_factor', 'off', ctx);
    end $$;

    create function app.set_recovery_codes(account uuid, codes bytea[]) returns void language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    begin
      delete from public.recovery_codes c where c.account_id = account;
      insert into public.recovery_codes (account_id, hash) select account, code from unnest(codes) code;
    end $$;

    -- The account of an open session in which its person acts, locked; null where there is none.
    create function app.account_of_session(session uuid, account uuid) returns uuid language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    begin
      perform from public.accounts a where a.id = account and a.status = 'active' for update;
      if not found then return null; end if;
      return (select s.account_id from public.sessions s where s.id = session and s.account_id = account and s.kind <> 'impersonation'
        and s.revoked_at is null and s.expires_at > now());
    end $$;

    -- Turns it on by a code that proved it. Every other session ends; this one has passed, under another token. False: it is
    -- on, or the account changed hands since the set-up began.
    create function app.turn_on_second_factor(account uuid, session uuid, begun timestamptz, sealed bytea, step bigint, codes bytea[],
        renewed bytea, device bytea, ctx jsonb) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      if app.account_of_session(session, account) is null
        or exists (select from public.accounts a where a.id = account and a.control_changed_at is distinct from begun) then return false; end if;
      insert into public.totp_credentials (account_id, secret, last_step) values (account, sealed, step) on conflict do nothing;
      if not found then return false; end if;
      perform set_config('app.context', (ctx || '{"reason": "auth:turn_on_second_factor"}')::text, true);
      update public.sessions s set second_factor_at = clock_timestamp() where s.id = session;
      perform app.set_recovery_codes(account, codes), app.end_control(account, session, renewed, device),
        app.note_factor(account, 'auth:turn_on_second_factor', 'on', ctx);
      return true;
    end $$;

    create function app.drop_second_factor(account uuid, session uuid, renewed bytea, device bytea) returns boolean
      language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    begin
      delete from public.totp_credentials t where t.account_id = account;
      if not found then return false; end if;
      delete from public.recovery_codes c where c.account_id = account;
      perform app.end_control(account, session, renewed, device);
      return true;
    end $$;

    create function app.turn_off_second_factor(account uuid, session uuid, renewed bytea, device bytea, ctx jsonb) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      if app.account_of_session(session, account) is null then return false; end if;
      perform set_config('app.context', (ctx || '{"reason": "auth:turn_off_second_factor"}')::text, true);
      if not app.drop_second_factor(account, session, renewed, device) then return false; end if;
      update public.sessions s set second_factor_at = null where s.id = session;
      perform app.note_factor(account, 'auth:turn_off_second_factor', 'off', ctx);
      return true;
    end $$;

    create function app.renew_recovery_codes(account uuid, session uuid, codes bytea[], ctx jsonb) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      if app.account_of_session(session, account) is null or not exists (select from public.totp_credentials t where t.account_id = account) then
        return false;
      end if;
      perform app.set_recovery_codes(account, codes), app.note_factor(account, 'auth:renew_recovery_codes', 'codes', ctx);
      return true;
    end $$;

    -- The same secret under the key of today, where the one before sealed it.
    create function app.reseal_second_factor(account uuid, was bytea, becomes bytea) returns void
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      update public.totp_credentials t set secret = becomes where t.account_id = account and t.secret = was;
    end $$;

    -- Whether there is a second factor to end: of somebody whose account the organization manages.
    create function app.has_second_factor(person uuid) returns boolean
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      return exists (select from public.totp_credentials t where t.account_id = app.managed_account(person));
    end $$;

    -- An administrator ends the second factor of somebody whose account the organization manages. Null: it doesn't;
    -- false: there is none.
    create function app.reset_second_factor(person uuid) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare
      ctx jsonb := nullif(current_setting('app.context', true), '')::jsonb;
      org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
      account uuid;
    begin
      if not app.rights(org, app.user_id()) -> 'permissions' ? 'user:update:all' then
        raise exception 'this person may not end a second factor' using errcode = '42501';
      end if;
      -- locked first: who joins another organization meanwhile is no longer managed
      perform from public.accounts a
      where a.id = (select u.account_id from public.users u where u.org_id = org and u.id = person and u.deleted_at is null) for update;
      account := app.managed_account(person);
      if account is null then return null; end if;
      if not app.drop_second_factor(account, null, null, null) then return false; end if;
      insert into public.events (org_id, actor_org_id, actor_user_id, impersonator_id, via, action, target_type, target_id, request_id, ip)
      values (org, (ctx ->> 'org')::uuid, (ctx ->> 'user')::uuid, (ctx ->> 'impersonator')::uuid, coalesce(ctx ->> 'via', 'sql'), 'user:reset_second_factor',
        'user', person, ctx ->> 'request', (ctx ->> 'ip')::inet);
      insert into public.security_events (account_id, action, data, request_id, ip)
      values (account, 'account:reset_second_factor', jsonb_build_object('org', ctx ->> 'org', 'user', ctx ->> 'user'), ctx ->> 'request', (ctx ->> 'ip')::inet);
      perform app.queue_account_mail(account, 'second-factor', app.language_of(account), '{"what": "reset"}');
      return true;
    end $$;

    do $$
    declare f text;
    begin
      foreach f in array array['app.note_factor(uuid, text, text, jsonb)', 'app.set_recovery_codes(uuid, bytea[])',
        'app.account_of_session(uuid, uuid)', 'app.drop_second_factor(uuid, uuid, bytea, bytea)'] loop
        perform app.give_to_lookup(f);
      end loop;
      foreach f in array array['app.turn_on_second_factor(uuid, uuid, timestamptz, bytea, bigint, bytea[], bytea, bytea, jsonb)',
        'app.turn_off_second_factor(uuid, uuid, bytea, bytea, jsonb)', 'app.renew_recovery_codes(uuid, uuid, bytea[], jsonb)',
        'app.reseal_second_factor(uuid, bytea, bytea)', 'app.has_second_factor(uuid)', 'app.reset_second_factor(uuid)'] loop
        perform app.give_to_lookup(f), app.give_to_app(f);
      end loop;
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop function app.reset_second_factor(uuid), app.has_second_factor(uuid), app.reseal_second_factor(uuid, bytea, bytea), app.renew_recovery_codes(uuid, uuid, bytea[], jsonb),
      app.turn_off_second_factor(uuid, uuid, bytea, bytea, jsonb), app.drop_second_factor(uuid, uuid, bytea, bytea),
      app.turn_on_second_factor(uuid, uuid, timestamptz, bytea, bigint, bytea[], bytea, bytea, jsonb), app.account_of_session(uuid, uuid),
      app.set_recovery_codes(uuid, bytea[]), app.note_factor(uuid, text, text, jsonb);
    create or replace function app.end_unproved(account uuid, since timestamptz, ctx jsonb) returns void
      language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    begin
    end $$;
  `.execute(db)
}
