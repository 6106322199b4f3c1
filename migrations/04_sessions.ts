import { type Kysely, sql } from 'kysely'

/** Sessions, and the tokens by which programs renew theirs. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table sessions (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      account_id uuid references accounts on delete cascade,
      user_id uuid not null,
      kind text not null check (kind in ('browser', 'token', 'impersonation')),
      token_hash bytea not null unique,
      -- when the token of a session ends, where that is before the session does
      token_expires_at timestamptz,
      ip inet,
      user_agent text not null default '',
      idle_timeout interval not null,
      second_factor_at timestamptz,
      -- when the person last proved who they are: dangerous things ask for it again after ten minutes
      proved_at timestamptz,
      impersonator_id uuid,
      -- an entered session lies in the organization that was entered, and remembers where it came from
      home_org_id uuid,
      home_user_id uuid,
      home_expires_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      last_seen_at timestamptz not null default now(),
      expires_at timestamptz not null,
      revoked_at timestamptz,
      version int not null default 1,
      primary key (org_id, id),
      foreign key (org_id, user_id) references users (org_id, id) on delete cascade,
      constraint sessions_home_whole check (num_nonnulls(home_org_id, home_user_id, home_expires_at) in (0, 3))
    );
    create index sessions_by_seen on sessions (org_id, last_seen_at, id);
    create index sessions_by_created on sessions (org_id, created_at, id);
    create index sessions_by_expires on sessions (org_id, expires_at, id);
    create index sessions_by_user on sessions (org_id, user_id, last_seen_at);
    create index sessions_by_kind on sessions (org_id, kind, last_seen_at, id);
    create index sessions_id on sessions (id);
    create index sessions_account on sessions (account_id);
    create index sessions_home on sessions (home_org_id, home_user_id) where home_user_id is not null;
    do $$ begin
      perform app.tenant_table('sessions', 'select, update'), app.lookup_may('select, insert, update', 'sessions'),
        app.versioned('sessions', array['expires_at', 'revoked_at', 'second_factor_at']),
        app.audited('sessions', 'session', 'id', array['id'], array['user_id', 'account_id', 'kind', 'impersonator_id', 'second_factor_at',
          'expires_at', 'revoked_at'], says => array['user_id']);
    end $$;
    create trigger rights_update after update on sessions referencing old table as old_rows new table as new_rows for each statement execute function app.rights_of_sessions();
    create trigger rights_delete after delete on sessions referencing old table as old_rows for each statement execute function app.rights_of_deleted_sessions();
    -- An entered session leads back to the platform: nothing of it changes but that it is used, or ends early.
    create trigger entered before update on sessions for each row
      when ((old.home_org_id is not null or new.home_org_id is not null)
        and (new.org_id, new.account_id, new.user_id, new.kind, new.token_hash, new.idle_timeout, new.impersonator_id, new.expires_at,
          new.token_expires_at, new.home_org_id, new.home_user_id, new.home_expires_at)
        is distinct from (old.org_id, old.account_id, old.user_id, old.kind, old.token_hash, old.idle_timeout, old.impersonator_id, old.expires_at,
          old.token_expires_at, old.home_org_id, old.home_user_id, old.home_expires_at))
      execute function app.refuse_application();
    create trigger end_refresh_tokens after update of token_hash on sessions for each row
      when (new.kind = 'token' and new.token_hash <> old.token_hash) execute function app.end_refresh_tokens();
    create trigger end_entered after update of status, deleted_at on users for each row
      when (old.status = 'active' and old.deleted_at is null and (new.status <> 'active' or new.deleted_at is not null))
      execute function app.end_entered_sessions();

    -- A session's tokens to renew it with, of which the newest works; a session that moves takes them along.
    create table refresh_tokens (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      session_id uuid not null,
      token_hash bytea not null unique,
      rotated_at timestamptz,
      -- of one that took another's place and was not used: what it was made from, together with that one, and who asked
      salt bytea,
      asked_by bytea,
      expires_at timestamptz not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (org_id, id),
      foreign key (org_id, session_id) references sessions (org_id, id) on update cascade on delete cascade
    );
    create index refresh_tokens_session on refresh_tokens (org_id, session_id);
    create index refresh_tokens_by_expires on refresh_tokens (expires_at);
    do $$ begin
      perform app.tenant_table('refresh_tokens', ''), app.lookup_may('select, insert, update, delete', 'refresh_tokens');
    end $$;
    create trigger stamp before update on refresh_tokens for each row execute function app.stamp();
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop trigger end_entered on users;
    drop table refresh_tokens, sessions cascade;
    drop function app.audit_sessions();
  `.execute(db)
}
