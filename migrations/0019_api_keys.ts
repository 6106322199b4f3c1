import { type Kysely, sql } from 'kysely'

/** API keys, by which programs act for a person, and service accounts, which act by keys alone. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- A service account is a user without a person: no account, so no password, and no address.
    drop index users_email;
    alter table users
      add column kind text not null default 'person' check (kind in ('person', 'service')),
      add constraint users_service check (
        case kind when 'service' then account_id is null and email = '' and status <> 'invited' else email <> '' end);
    create unique index users_email on users (org_id, email) where deleted_at is null and kind = 'person';
    create index users_services_by_name on users (org_id, sort_name, id) where deleted_at is null and kind = 'service';
    create index users_services_by_created on users (org_id, created_at, id) where deleted_at is null and kind = 'service';
    create index users_services_by_username on users (org_id, username, id) where deleted_at is null and kind = 'service';
    create index users_services_by_status_name on users (org_id, status, sort_name, id) where deleted_at is null and kind = 'service';
    create index users_services_by_status_created on users (org_id, status, created_at, id) where deleted_at is null and kind = 'service';
    create index users_services_by_status_username on users (org_id, status, username, id) where deleted_at is null and kind = 'service';
    create index users_services_deleted on users (org_id, sort_name, id) where deleted_at is not null and kind = 'service';

    -- While a secret is replaced, the former one works for some time beside the new one.
    create table api_keys (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      user_id uuid not null,
      name text not null check (name <> ''),
      sort_name text not null collate "C" generated always as (app.fold(name)) stored,
      prefix text not null collate "C",
      hash bytea not null unique,
      former_prefix text collate "C",
      former_hash bytea unique,
      former_expires_at timestamptz,
      permissions text[] not null,
      allowed_addresses cidr[] not null default '{}',
      expires_at timestamptz,
      last_used_at timestamptz,
      last_used_ip inet,
      created_by uuid,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      revoked_at timestamptz,
      status text not null generated always as (case when revoked_at is null then 'active' else 'revoked' end) stored,
      version int not null default 1,
      primary key (org_id, id),
      foreign key (org_id, user_id) references users (org_id, id) on delete cascade,
      foreign key (org_id, created_by) references users (org_id, id) on delete set null (created_by),
      check (num_nonnulls(former_prefix, former_hash, former_expires_at) in (0, 3))
    );
    create index api_keys_by_created on api_keys (org_id, created_at, id);
    create index api_keys_by_name on api_keys (org_id, sort_name, id);
    create index api_keys_by_status_created on api_keys (org_id, status, created_at, id);
    create index api_keys_by_status_name on api_keys (org_id, status, sort_name, id);
    create index api_keys_by_user_created on api_keys (org_id, user_id, created_at, id);
    create index api_keys_by_user_name on api_keys (org_id, user_id, sort_name, id);
    create index api_keys_id on api_keys (id);

    do $$ begin
      perform app.tenant_table('api_keys', 'select, insert, update'), app.lookup_may('select, update', 'api_keys'),
        app.versioned('api_keys', array['name', 'prefix', 'hash', 'former_prefix', 'former_hash', 'former_expires_at', 'permissions',
          'allowed_addresses', 'expires_at', 'revoked_at']),
        app.audited('api_keys', 'api_key', 'id', array['id'], array['user_id', 'name', 'prefix', 'former_prefix', 'former_expires_at',
          'permissions', 'allowed_addresses', 'expires_at', 'created_by', 'revoked_at']);
    end $$;

    -- Every line of the trail names the key that its actor used, whichever function writes it.
    alter table events add column api_key_id uuid
      default (nullif(current_setting('app.context', true), '')::jsonb ->> 'key')::uuid;

    create function app.rights_of_api_keys() returns trigger language plpgsql
      set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
    begin
      perform app.notify_rights(array_agg('k:' || o.id), (array_agg(o.org_id))[1])
      from old_rows o left join new_rows n using (org_id, id) where n.version is distinct from o.version having count(*) > 0;
      return null;
    end $$;
    create trigger rights_update after update on api_keys referencing old table as old_rows new table as new_rows
      for each statement execute function app.rights_of_api_keys();

    -- Whoever comes back after they were deleted makes new keys.
    create function app.revoke_api_keys() returns trigger
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      update public.api_keys k set revoked_at = now() where k.org_id = new.org_id and k.user_id = new.id and k.revoked_at is null;
      return null;
    end $$;
    create trigger revoke_api_keys after update of deleted_at on users for each row
      when (old.deleted_at is null and new.deleted_at is not null) execute function app.revoke_api_keys();

    -- As before: keys, too, all of them, since a former one may have been given another secret.
    create or replace function app.end_unproved(account uuid, since timestamptz, ctx jsonb) returns void
      language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    declare gone boolean;
    begin
      perform set_config('app.context', ctx::text, true);
      update public.api_keys k set revoked_at = now() from public.users u
      where u.account_id = account and k.org_id = u.org_id and k.user_id = u.id and k.revoked_at is null;
      delete from public.totp_credentials t where t.account_id = account and (t.created_at < since) is not true;
      gone := found;
      delete from public.recovery_codes c where c.account_id = account and (gone or (c.created_at < since) is not true);
      if not gone then return; end if;
      update public.sessions s set second_factor_at = null where s.account_id = account and s.revoked_at is null;
      perform app.note_factor(account, 'auth:turn_off_second_factor', 'off', ctx);
    end $$;

    -- Who acts by a key: as a session's answer, with what its owner has now and what was chosen for the key.
    create function app.key_actor(secret bytea) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare found jsonb; held jsonb;
    begin
      perform app.refuse_inside();
      select jsonb_build_object(
          'session', k.id, 'kind', 'api_key', 'key', jsonb_build_object('chosen', k.permissions, 'addresses', k.allowed_addresses),
          'account', u.account_id, 'organization', jsonb_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'kind', o.kind),
          'user', u.id, 'username', u.username, 'name', btrim(u.first_name || ' ' || u.last_name),
          'timeZone', u.time_zone, 'locale', u.locale,
          'ends', least(k.expires_at, case when k.former_hash = secret then k.former_expires_at end, now() + interval '1 day'))
      into found
      from public.api_keys k
      join public.users u on u.org_id = k.org_id and u.id = k.user_id
      join public.organizations o on o.id = k.org_id
      left join public.accounts a on a.id = u.account_id
      where (k.hash = secret or k.former_hash = secret and k.former_expires_at > now())
        and k.revoked_at is null and (k.expires_at > now()) is not false
        and u.status = 'active' and u.deleted_at is null and o.status = 'active' and (u.kind = 'service' or a.status = 'active');
      if found is null then return null; end if;
      held := app.rights((found -> 'organization' ->> 'id')::uuid, (found ->> 'user')::uuid);
      return found || jsonb_build_object(
        'permissions', held -> 'permissions', 'readGroups', held -> 'readGroups', 'writeGroups', held -> 'writeGroups',
        'ttlMs', floor(extract(epoch from least((found ->> 'ends')::timestamptz, (held ->> 'until')::timestamptz) - clock_timestamp()) * 1000));
    end $$;

    create function app.api_keys_used(ids uuid[], addresses inet[]) returns int
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare used int;
    begin
      perform app.refuse_inside();
      update public.api_keys k set last_used_at = now(), last_used_ip = u.address
      from unnest(ids, addresses) u(id, address)
      where k.id = u.id and (k.last_used_at < now() - interval '1 minute') is not false;
      get diagnostics used = row_count;
      return used;
    end $$;

    revoke all on function app.rights_of_api_keys() from public;
    do $$ begin
      perform app.give_to_lookup('app.revoke_api_keys()'),
        app.give_to_lookup('app.key_actor(bytea)'), app.give_to_app('app.key_actor(bytea)'),
        app.give_to_lookup('app.api_keys_used(uuid[], inet[])'), app.give_to_app('app.api_keys_used(uuid[], inet[])');
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop trigger revoke_api_keys on users;
    drop function app.api_keys_used(uuid[], inet[]), app.key_actor(bytea), app.revoke_api_keys();
    alter table events drop column api_key_id;
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
    drop table api_keys;
    drop function app.audit_api_keys(), app.rights_of_api_keys();
    delete from users where kind = 'service';
    drop index users_email;
    alter table users drop constraint users_service, drop column kind;
    create unique index users_email on users (org_id, email) where deleted_at is null;
  `.execute(db)
}
