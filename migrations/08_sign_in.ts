import { type Kysely, sql } from 'kysely'

/** Signing in: what is counted, which browsers are known, the second factor, and links in mails. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create unlogged table rate_limits (key text primary key, points int not null default 0, expire bigint);
    -- updated in place, again and again
    alter table rate_limits set (fillfactor = 70);
    do $$ begin
      execute format('grant select, insert, update, delete on rate_limits to %I, %I', app.role_app(), app.role_lookup());
    end $$;

    -- Names that nobody has lock like those that somebody has.
    create unlogged table unknown_logins (
      name_hash bytea primary key,
      failed_logins int not null default 0,
      locked_until timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create index unknown_logins_by_updated on unknown_logins (updated_at);

    -- A browser that somebody signed in with, by the hash of its cookie; it has its own count of failures.
    create table known_devices (
      account_id uuid not null references accounts on delete cascade,
      hash bytea not null,
      failed_logins int not null default 0,
      locked_until timestamptz,
      last_used_at timestamptz not null default now(),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (account_id, hash)
    );
    create index known_devices_hash on known_devices (hash);
    create index known_devices_by_use on known_devices (last_used_at);
    create trigger stamp before update on known_devices for each row execute function app.stamp();

    -- A password that was right, until the code follows: opens nothing, allows five codes within ten minutes.
    create table pending_sign_ins (
      token_hash bytea primary key,
      account_id uuid not null references accounts on delete cascade,
      for_org_id uuid not null,
      for_user_id uuid not null,
      proved_at timestamptz not null,
      attempts int not null default 0,
      expires_at timestamptz not null default now() + interval '10 minutes',
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create index pending_sign_ins_account on pending_sign_ins (account_id);
    create index pending_sign_ins_by_expires on pending_sign_ins (expires_at);
    create trigger stamp before update on pending_sign_ins for each row execute function app.stamp();

    create table totp_credentials (
      account_id uuid primary key references accounts on delete cascade,
      -- sealed under a key of SECRET_KEY's, for this account alone
      secret bytea not null,
      -- the latest half minute whose code was used: none is taken twice
      last_step bigint not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create trigger stamp before update on totp_credentials for each row execute function app.stamp();
    create trigger rights_change after insert or delete on totp_credentials for each row execute function app.rights_of_factors();

    create table recovery_codes (
      account_id uuid not null references accounts on delete cascade,
      hash bytea not null,
      used_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (account_id, hash)
    );
    create trigger stamp before update on recovery_codes for each row execute function app.stamp();

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
    create trigger stamp before update on registrations for each row execute function app.stamp();

    -- Links in mails, each of which works once.
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
    create trigger stamp before update on account_tokens for each row execute function app.stamp();
    create trigger end_links after update on accounts for each row
      when ((new.email, new.password_changed_at, new.status) is distinct from (old.email, old.password_changed_at, old.status))
      execute function app.end_links();
    create trigger keep_address_insert before insert on accounts for each row execute function app.keep_address();
    create trigger keep_address_update before update of email on accounts for each row when (new.email <> old.email) execute function app.keep_address();

    do $$ begin
      perform app.account_table(name) from unnest(array['unknown_logins', 'known_devices', 'pending_sign_ins', 'totp_credentials',
        'recovery_codes', 'registrations', 'account_tokens']) name;
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop trigger end_links on accounts;
    drop trigger keep_address_insert on accounts;
    drop trigger keep_address_update on accounts;
    drop table account_tokens, registrations, recovery_codes, totp_credentials, pending_sign_ins, known_devices, unknown_logins,
      rate_limits cascade;
  `.execute(db)
}
