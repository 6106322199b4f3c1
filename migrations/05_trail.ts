import { type Kysely, sql } from 'kysely'

/** The audit trail, append-only, written by triggers in the transaction of its cause; and what happens to accounts. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table events (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      actor_org_id uuid,
      actor_user_id uuid,
      impersonator_id uuid,
      -- whichever function writes a line: the key that its actor used, the session, the program, and the act it is part of
      api_key_id uuid default (nullif(current_setting('app.context', true), '')::jsonb ->> 'key')::uuid,
      session_id uuid default (nullif(current_setting('app.context', true), '')::jsonb ->> 'session')::uuid,
      client_id uuid default (nullif(current_setting('app.context', true), '')::jsonb ->> 'client')::uuid,
      cause_id uuid default (nullif(current_setting('app.context', true), '')::jsonb ->> 'cause')::uuid,
      cause_kind text default nullif(current_setting('app.context', true), '')::jsonb ->> 'cause_kind',
      via text not null,
      action text not null collate "C",
      target_type text not null collate "C",
      target_id uuid,
      data jsonb not null default '{}',
      reason text,
      request_id text,
      ip inet,
      created_at timestamptz not null default clock_timestamp(),
      updated_at timestamptz not null default now(),
      -- in which order lines were written, and by which transaction: of those that overlap, which was over first is seen by it
      seq bigint not null generated always as identity,
      xact xid8 not null default pg_current_xact_id(),
      -- what a digest of data is made with, so that nobody finds out by trying what was erased
      salt bytea default uuid_send(gen_random_uuid()),
      primary key (org_id, id)
    );
    create index events_by_created on events (org_id, created_at, seq);
    create index events_by_target on events (org_id, target_type, target_id, created_at, seq);
    create index events_by_actor on events (org_id, actor_user_id, created_at);
    -- Each costs an event 2 microseconds and 70 to 180 bytes of log. By request there is none: its random text would
    -- cost the most, and whoever asks for a request knows when it was, or whose.
    create index events_by_action on events (org_id, action, created_at, seq);
    create index events_by_type on events (org_id, target_type, created_at, seq);
    create index events_by_via on events (org_id, via, created_at, seq);
    -- causes grow with time, so that the next one goes in beside the last
    create index events_by_cause on events (org_id, cause_id, created_at, seq) where cause_id is not null;

    create table security_events (
      id uuid primary key default app.uuid_v7(),
      account_id uuid,
      action text not null,
      data jsonb not null default '{}',
      request_id text,
      ip inet,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create index security_events_by_account on security_events (account_id, created_at);

    do $$ begin
      perform app.tenant_table('events', 'select'), app.lookup_may('select, insert', 'events'),
        app.account_table('security_events', 'select, insert');
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table security_events, events`.execute(db)
}
