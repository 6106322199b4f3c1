import { type Kysely, sql } from 'kysely'

/** What requests with an Idempotency-Key wrote, so that the same request again answers alike and writes nothing. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
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
    do $$ begin perform app.tenant_table('idempotency_keys'); end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table idempotency_keys`.execute(db)
}
