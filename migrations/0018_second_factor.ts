import { type Kysely, sql } from 'kysely'

/** The second factor of an account, and who has to have one before they may do anything. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table totp_credentials (
      account_id uuid primary key references accounts on delete cascade,
      -- sealed under a key of SECRET_KEY's, for this account alone
      secret bytea not null,
      -- the latest half minute whose code was used: none is taken twice
      last_step bigint not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create table recovery_codes (
      account_id uuid not null references accounts on delete cascade,
      hash bytea not null,
      used_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (account_id, hash)
    );
    do $$
    declare t text;
    begin
      foreach t in array array['totp_credentials', 'recovery_codes'] loop
        execute format('create trigger stamp before update on %I for each row execute function app.stamp()', t);
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy owner on %I to %I using (true) with check (true)', t, current_user);
        perform app.lookup_may('select, insert, update, delete', t);
      end loop;
    end $$;
    -- when the person last proved who they are: dangerous things ask for it again after ten minutes
    alter table sessions add column proved_at timestamptz;
    create index roles_second_factor on roles (org_id) where second_factor_required;

    create function app.rights_of_factors() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
    begin
      perform pg_notify('rights', 'a:' || coalesce(new.account_id, old.account_id));
      return null;
    end $$;
    create trigger rights_change after insert or delete on totp_credentials for each row execute function app.rights_of_factors();

    -- Whether one of the roles that somebody has, or inherits from, asks for a second factor.
    create function app.second_factor_required(org uuid, person uuid) returns boolean
      language plpgsql stable set search_path = pg_catalog, pg_temp as $$
    begin
      -- most organizations ask nobody
      if not exists (select from public.roles r where r.org_id = org and r.second_factor_required and r.status = 'active' and r.deleted_at is null) then
        return false;
      end if;
      return exists (
        with recursive held(id, required) as (
          select r.id, r.second_factor_required from public.user_roles ur join public.roles r on r.org_id = org and r.id = ur.role_id
          where ur.org_id = org and ur.user_id = person and (ur.expires_at is null or ur.expires_at > now())
            and r.status = 'active' and r.deleted_at is null
          union
          select r.id, r.second_factor_required from held h join public.role_parents p on p.org_id = org and p.role_id = h.id
          join public.roles r on r.org_id = org and r.id = p.parent_id
          where r.status = 'active' and r.deleted_at is null
        )
        select from held where required);
    end $$;

    -- As before, with what the session lacks before it may do anything: its second factor, or that there is one.
    create or replace function app.session_actor(hash bytea) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare found jsonb; held jsonb; at_home jsonb; passed timestamptz; lacks text;
    begin
      perform app.refuse_inside();
      select jsonb_build_object(
          'session', s.id, 'kind', s.kind, 'impersonator', s.impersonator_id, 'account', s.account_id,
          'org', o.id, 'organization', jsonb_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'kind', o.kind),
          'user', u.id, 'username', u.username, 'name', btrim(u.first_name || ' ' || u.last_name),
          'home', case when h.id is not null then jsonb_build_object('orgId', h.org_id, 'userId', h.id, 'organizationName', p.name) end,
          'ends', least(s.expires_at, s.last_seen_at + s.idle_timeout)), s.second_factor_at
      into found, passed
      from public.sessions s
      join public.users u on u.org_id = s.org_id and u.id = s.user_id
      join public.organizations o on o.id = s.org_id
      join public.accounts a on a.id = s.account_id
      left join public.users h on h.org_id = s.home_org_id and h.id = s.home_user_id
      left join public.organizations p on p.id = s.home_org_id
      where s.token_hash = hash and s.revoked_at is null and s.expires_at > now() and s.last_seen_at + s.idle_timeout > now()
        and u.status = 'active' and a.status = 'active'
        and case when s.home_org_id is null
          then u.deleted_at is null and o.status = 'active'
          -- a suspended organization can be entered: somebody has to see why it was
          else u.shadow_of_org_id = h.org_id and u.shadow_of_user_id = h.id and h.status = 'active' and h.deleted_at is null
            and p.kind = 'platform' and p.status = 'active' end;
      if found is null then return null; end if;
      if found -> 'home' <> 'null' then
        at_home := app.rights((found -> 'home' ->> 'orgId')::uuid, (found -> 'home' ->> 'userId')::uuid);
        if not at_home -> 'permissions' ? 'organization:enter:all' then return null; end if;
      end if;
      if passed is null and app.second_factor_required(coalesce(found -> 'home' ->> 'orgId', found ->> 'org')::uuid,
          coalesce(found -> 'home' ->> 'userId', found ->> 'user')::uuid) then
        lacks := case when exists (select from public.totp_credentials t where t.account_id = (found ->> 'account')::uuid)
          then 'second-factor' else 'second-factor-setup' end;
      end if;
      held := app.rights((found ->> 'org')::uuid, (found ->> 'user')::uuid);
      return found || jsonb_build_object('lacks', lacks,
        'permissions', held -> 'permissions', 'readGroups', held -> 'readGroups', 'writeGroups', held -> 'writeGroups',
        'leadGroups', held -> 'leadGroups',
        'ttlMs', floor(extract(epoch from least((found ->> 'ends')::timestamptz, (held ->> 'until')::timestamptz,
          (at_home ->> 'until')::timestamptz) - clock_timestamp()) * 1000));
    end $$;

    -- As before, with the second factor, and in which half minute it is by this clock.
    create or replace function app.account_lookup(account uuid, device bytea) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      return (select jsonb_build_object('account', a.id, 'username', a.username, 'email', a.email, 'verified', a.email_verified_at is not null,
          'passwordHash', a.password_hash, 'changed', a.control_changed_at, 'active', a.status = 'active',
          'factor', encode(t.secret, 'base64'), 'factorSince', t.created_at, 'step', floor(extract(epoch from clock_timestamp()) / 30),
          'codesLeft', (select count(*) from public.recovery_codes c where c.account_id = a.id and c.used_at is null),
          'lockedMs', greatest(0, floor(extract(epoch from case when d.hash is null then a.locked_until else d.locked_until end - clock_timestamp()) * 1000)))
        from public.accounts a left join public.known_devices d on d.account_id = a.id and d.hash = device
        left join public.totp_credentials t on t.account_id = a.id where a.id = account);
    end $$;

    revoke all on function app.rights_of_factors() from public;
    do $$ begin perform app.give_to_lookup('app.second_factor_required(uuid, uuid)'); end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    create or replace function app.account_lookup(account uuid, device bytea) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      return (select jsonb_build_object('account', a.id, 'username', a.username, 'email', a.email, 'verified', a.email_verified_at is not null,
          'passwordHash', a.password_hash, 'changed', a.password_changed_at, 'active', a.status = 'active',
          'lockedMs', greatest(0, floor(extract(epoch from case when d.hash is null then a.locked_until else d.locked_until end - clock_timestamp()) * 1000)))
        from public.accounts a left join public.known_devices d on d.account_id = a.id and d.hash = device where a.id = account);
    end $$;
    create or replace function app.session_actor(hash bytea) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare found jsonb; held jsonb; at_home jsonb;
    begin
      perform app.refuse_inside();
      select jsonb_build_object(
          'session', s.id, 'kind', s.kind, 'impersonator', s.impersonator_id, 'account', s.account_id,
          'org', o.id, 'organization', jsonb_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'kind', o.kind),
          'user', u.id, 'username', u.username, 'name', btrim(u.first_name || ' ' || u.last_name),
          'home', case when h.id is not null then jsonb_build_object('orgId', h.org_id, 'userId', h.id, 'organizationName', p.name) end,
          'ends', least(s.expires_at, s.last_seen_at + s.idle_timeout))
      into found
      from public.sessions s
      join public.users u on u.org_id = s.org_id and u.id = s.user_id
      join public.organizations o on o.id = s.org_id
      join public.accounts a on a.id = s.account_id
      left join public.users h on h.org_id = s.home_org_id and h.id = s.home_user_id
      left join public.organizations p on p.id = s.home_org_id
      where s.token_hash = hash and s.revoked_at is null and s.expires_at > now() and s.last_seen_at + s.idle_timeout > now()
        and u.status = 'active' and a.status = 'active'
        and case when s.home_org_id is null
          then u.deleted_at is null and o.status = 'active'
          -- a suspended organization can be entered: somebody has to see why it was
          else u.shadow_of_org_id = h.org_id and u.shadow_of_user_id = h.id and h.status = 'active' and h.deleted_at is null
            and p.kind = 'platform' and p.status = 'active' end;
      if found is null then return null; end if;
      if found -> 'home' <> 'null' then
        at_home := app.rights((found -> 'home' ->> 'orgId')::uuid, (found -> 'home' ->> 'userId')::uuid);
        if not at_home -> 'permissions' ? 'organization:enter:all' then return null; end if;
      end if;
      held := app.rights((found ->> 'org')::uuid, (found ->> 'user')::uuid);
      return found || jsonb_build_object(
        'permissions', held -> 'permissions', 'readGroups', held -> 'readGroups', 'writeGroups', held -> 'writeGroups',
        'leadGroups', held -> 'leadGroups',
        'ttlMs', floor(extract(epoch from least((found ->> 'ends')::timestamptz, (held ->> 'until')::timestamptz,
          (at_home ->> 'until')::timestamptz) - clock_timestamp()) * 1000));
    end $$;
    drop function app.second_factor_required(uuid, uuid);
    drop index roles_second_factor;
    alter table sessions drop column proved_at;
    drop table recovery_codes, totp_credentials;
    drop function app.rights_of_factors();
  `.execute(db)
}
