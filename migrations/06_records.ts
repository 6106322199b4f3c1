import { type Kysely, sql } from 'kysely'

/** What records of every kind lean on: words to search by, requests that were answered, files on their way in. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- A row per word: search is a prefix range on plain text, which keeps its index under row security.
    create table search_words (
      -- no key to the organization: the record has one, and a look at it would cost each word as much as an index
      org_id uuid not null,
      model text not null collate "C",
      word text not null collate "C",
      record_id uuid not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (org_id, model, word, record_id)
    );
    create index search_words_record on search_words (org_id, model, record_id, word);

    -- What requests with an Idempotency-Key wrote, so that the same request again answers alike and writes nothing.
    -- user_id is whoever asked; json and not jsonb, because it keeps the order of keys.
    create table idempotency_keys (
      org_id uuid not null references organizations on delete cascade,
      user_id uuid not null,
      key text not null check (length(key) between 1 and 255),
      ordinal int not null,
      request_hash bytea not null,
      result json,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (org_id, user_id, key, ordinal)
    );
    create index idempotency_keys_by_created on idempotency_keys (org_id, created_at);
    create trigger stamp before update on idempotency_keys for each row execute function app.stamp();

    -- a file on its way in: whose it is and for what, how its columns are read, and how far it has come
    create table imports (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      user_id uuid not null,
      path text not null collate "C",
      name text not null,
      content bytea not null,
      columns jsonb not null default '[]',
      status text not null default 'waiting' check (status in ('waiting', 'checking', 'checked', 'importing', 'imported', 'failed')),
      -- who works on it: whoever was taken for dead keeps nothing
      run uuid,
      done int not null default 0,
      total int not null default 0,
      report jsonb not null default '{}',
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (org_id, id),
      foreign key (org_id, user_id) references users (org_id, id) on delete cascade
    );
    -- read a piece at a time
    alter table imports alter content set storage external;
    create index imports_by_user on imports (org_id, user_id, created_at);
    create index imports_old on imports (org_id, created_at);
    create trigger stamp before update on imports for each row execute function app.stamp();

    do $$ begin
      perform app.tenant_table('search_words', 'select, insert, delete'), app.lookup_may('select, insert, delete', 'search_words'),
        app.tenant_table('idempotency_keys'), app.lookup_may('select, delete', 'idempotency_keys'),
        app.tenant_table('imports'), app.lookup_may('select, delete', 'imports');
    end $$;
    create trigger forget after delete on organizations for each row execute function app.forget_organization();
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop trigger forget on organizations; drop table imports, idempotency_keys, search_words`.execute(
    db,
  )
}
