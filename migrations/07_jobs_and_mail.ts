import { type Kysely, sql } from 'kysely'
import { getConstructionPlans } from 'pg-boss'

/**
 * The queue's own schema, mails, and what a worker may. A newer pg-boss that wants another schema gets a step of its
 * own here (`getMigrationPlans`), which does nothing where this one made that schema already.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // without its transaction: the step has one already
  const plan = getConstructionPlans('jobs')
  await sql.raw(plan.slice(plan.indexOf('CREATE SCHEMA'), plan.lastIndexOf('COMMIT'))).execute(db)
  await sql`
    revoke all on all functions in schema jobs from public;
    do $$
    declare t text;
    begin
      execute format('grant usage on schema jobs to %I, %I', app.role_app(), app.role_lookup());
      for t in select c.relname from pg_class c where c.relnamespace = 'jobs'::regnamespace and c.relkind in ('r', 'p') loop
        execute format('alter table jobs.%I enable row level security', t);
      end loop;
      foreach t in array array['version', 'queue', 'schedule', 'job', 'job_common', 'job_dependency'] loop
        -- workers see all jobs; a statement that runs inside an organization sees none
        execute format('create policy outside on jobs.%I to %I using (nullif(current_setting(''app.org_id'', true), '''') is null)', t, app.role_app());
        execute format('grant select, update on jobs.%I to %I', t, app.role_app());
      end loop;
      execute format('grant insert on jobs.queue to %I', app.role_app());
      execute format('grant insert, delete on jobs.schedule, jobs.job, jobs.job_common to %I', app.role_app());
      execute format('grant delete on jobs.job_dependency to %I', app.role_app());
      execute format('grant execute on function jobs.job_now(), jobs.create_queue(text, jsonb) to %I, %I', app.role_app(), app.role_lookup());
      foreach t in array array['queue', 'job'] loop
        execute format('create policy lookup on jobs.%I to %I using (true) with check (true)', t, app.role_lookup());
        execute format('grant select, insert on jobs.%I to %I', t, app.role_lookup());
      end loop;
      execute format('grant update on jobs.job to %I', app.role_lookup());
    end $$;
    select jobs.create_queue('dead', '{"policy": "standard", "retentionSeconds": 7776000}');
    -- as the code has them, which sets them again: a mail may be queued before any worker began
    select jobs.create_queue('mail', '{"policy": "standard", "notify": true, "deadLetter": "dead", "retryLimit": 14, "retryDelay": 15,
      "retryDelayMax": 3600, "retryBackoff": true, "expireInSeconds": 120, "heartbeatSeconds": 20}');

    -- Mail of an organization, or to somebody about their account; reached through functions alone.
    create table mails (
      id uuid primary key default app.uuid_v7(),
      for_org_id uuid references organizations on delete cascade,
      account_id uuid references accounts on delete cascade,
      template text not null,
      language text not null,
      recipient text not null check (length(recipient) <= 254 and recipient ~ '^[^[:space:][:cntrl:]<>(),;:"@\\\\]+@[^[:space:][:cntrl:]<>(),;:"@\\\\]+$'),
      data jsonb not null default '{}',
      status text not null default 'queued' check (status in ('queued', 'sent', 'failed', 'kept')),
      attempts int not null default 0,
      last_error text,
      sent_at timestamptz,
      -- in development without a mail server: what would have been sent, sealed
      content bytea,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      check (num_nonnulls(for_org_id, account_id) = 1)
    );
    create index mails_by_status on mails (status, created_at);
    create index mails_org on mails (for_org_id);
    create index mails_account on mails (account_id);
    create index mails_recipient on mails (recipient, created_at);
    create trigger stamp before update on mails for each row execute function app.stamp();
    do $$ begin perform app.account_table('mails'); end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop table mails;
    drop schema jobs cascade;
  `.execute(db)
}
