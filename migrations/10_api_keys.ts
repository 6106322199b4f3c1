import { type Kysely, sql } from 'kysely'

/** API keys, by which programs act for a person or as a service account. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
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
    create trigger rights_update after update on api_keys referencing old table as old_rows new table as new_rows
      for each statement execute function app.rights_of_api_keys();
    -- Whoever comes back after they were deleted makes new keys.
    create trigger revoke_api_keys after update of deleted_at on users for each row
      when (old.deleted_at is null and new.deleted_at is not null) execute function app.revoke_api_keys();
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop trigger revoke_api_keys on users;
    drop table api_keys;
    drop function app.audit_api_keys();
  `.execute(db)
}
