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

    -- Queues a job for the organization that is entered, or for none, in the transaction of its cause.
    create function app.queue_job(kind text, payload jsonb, settings jsonb, delay_seconds int) returns uuid
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare
      org uuid := nullif(current_setting('app.org_id', true), '')::uuid;
      begins timestamptz := now() + make_interval(secs => delay_seconds);
      made uuid;
    begin
      -- a kind that no worker has begun to work on yet
      if not exists (select from jobs.queue q where q.name = kind) then
        perform jobs.create_queue(kind, '{"policy": "standard"}' || settings);
      end if;
      insert into jobs.job (name, data, group_id, start_after, keep_until, policy, retry_limit, retry_delay, retry_backoff, retry_delay_max,
        expire_seconds, deletion_seconds, heartbeat_seconds, dead_letter)
      select q.name, jsonb_build_object('org', org, 'payload', payload), org, begins, begins + make_interval(secs => q.retention_seconds),
        q.policy, q.retry_limit, q.retry_delay, q.retry_backoff, q.retry_delay_max, q.expire_seconds, q.deletion_seconds,
        q.heartbeat_seconds, q.dead_letter
      from jobs.queue q where q.name = kind
      returning id into made;
      -- the channel that pg-boss listens on for this schema
      perform pg_notify('pgboss_' || left(encode(sha224('jobs'), 'hex'), 24), kind);
      return made;
    end $$;

    -- Ends a job together with its effect. False: it was taken for dead, and somebody else has it.
    create function app.finish_job(kind text, job uuid, attempt int) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare org text := nullif(current_setting('app.org_id', true), '');
    begin
      update jobs.job j set state = 'completed', completed_on = now()
      where j.name = kind and j.id = job and j.state = 'active' and j.retry_count = attempt
        and (org is null or j.data ->> 'org' = org);
      return found;
    end $$;

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
    create trigger stamp before update on mails for each row execute function app.stamp();
    alter table mails enable row level security;
    alter table mails force row level security;
    create index unknown_logins_by_updated on unknown_logins (updated_at);
    create index accounts_failing on accounts (id) where failed_logins > 0;
    do $$ begin
      execute format('create policy owner on mails to %I using (true) with check (true)', current_user);
      perform app.lookup_may('select, insert, update, delete', 'mails'), app.lookup_may('select, delete', 'idempotency_keys'),
        app.lookup_may('select, delete', 'imports');
      execute format('grant select, delete on rate_limits to %I', app.role_lookup());
    end $$;
    select jobs.create_queue('dead', '{"policy": "standard", "retentionSeconds": 7776000}');
    -- as the code has them, which sets them again: a mail may be queued before any worker began
    select jobs.create_queue('mail', '{"policy": "standard", "notify": true, "deadLetter": "dead", "retryLimit": 14, "retryDelay": 15,
      "retryDelayMax": 3600, "retryBackoff": true, "expireInSeconds": 120, "heartbeatSeconds": 20}');

    create function app.queue_mail(kind text, address text, lang text, content jsonb) returns uuid
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare org uuid := nullif(current_setting('app.org_id', true), '')::uuid; made uuid;
    begin
      if org is null then raise exception 'no organization is entered' using errcode = '42501'; end if;
      insert into public.mails (for_org_id, template, language, recipient, data) values (org, kind, lang, address, content)
      returning id into made;
      perform app.queue_job('mail', jsonb_build_object('mail', made), '{}', 0);
      return made;
    end $$;

    -- For other definer functions alone: whoever could name an account and an address could take the account over.
    create function app.queue_account_mail(account uuid, kind text, lang text, content jsonb, address text default null) returns uuid
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare made uuid;
    begin
      insert into public.mails (account_id, template, language, recipient, data)
      select a.id, kind, lang, coalesce(address, a.email), content from public.accounts a where a.id = account
      returning id into made;
      perform app.queue_job('mail', jsonb_build_object('mail', made), '{}', 0);
      return made;
    end $$;

    -- What a worker needs to send a mail; null where that is no longer to be done.
    create function app.mail_to_send(mail uuid) returns jsonb
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare begun public.mails;
    begin
      perform app.refuse_inside();
      update public.mails m set attempts = m.attempts + 1 where m.id = mail and m.status = 'queued' returning * into begun;
      if begun.id is null then return null; end if;
      return jsonb_build_object('id', begun.id, 'template', begun.template, 'language', begun.language, 'recipient', begun.recipient,
        'data', begun.data, 'orgId', begun.for_org_id, 'accountId', begun.account_id,
        'organization', (select o.name from public.organizations o where o.id = begun.for_org_id));
    end $$;

    -- What became of an attempt, and with it the end of its job, unless it is to be tried again.
    create function app.settle_mail(mail uuid, becomes text, because text, kept bytea, job uuid, attempt int) returns boolean
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      update public.mails m set status = becomes, last_error = because, content = kept, sent_at = case when becomes = 'sent' then now() end
      where m.id = mail and m.status = 'queued';
      return becomes = 'queued' or app.finish_job('mail', job, attempt);
    end $$;

    create function app.kept_mails(most int) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      return (select coalesce(jsonb_agg(to_jsonb(k) order by k.id desc), '[]') from (
        select m.id, m.template, m.created_at, encode(m.content, 'base64') as content from public.mails m
        where m.status = 'kept' order by m.status, m.created_at desc limit most) k);
    end $$;

    create function app.kept_mail(mail uuid) returns jsonb
      language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform app.refuse_inside();
      return (select jsonb_build_object('id', m.id, 'template', m.template, 'created_at', m.created_at, 'content', encode(m.content, 'base64'))
        from public.mails m where m.id = mail and m.status = 'kept');
    end $$;

    -- Takes away what is older than its time, so many rows of each kind at most; answers how many went.
    create function app.tidy(most int) returns int
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare gone int; total int := 0;
    begin
      perform app.refuse_inside();
      delete from public.rate_limits where key in (
        select r.key from public.rate_limits r where r.expire < extract(epoch from now()) * 1000 limit most);
      get diagnostics gone = row_count; total := total + gone;
      delete from public.idempotency_keys where (org_id, user_id, key, ordinal) in (
        select k.org_id, k.user_id, k.key, k.ordinal from public.idempotency_keys k
        where k.created_at < now() - interval '25 hours' limit most);
      get diagnostics gone = row_count; total := total + gone;
      delete from public.imports where (org_id, id) in (
        select i.org_id, i.id from public.imports i
        where i.created_at < now() - interval '25 hours' and i.updated_at < now() - interval '1 hour' limit most);
      get diagnostics gone = row_count; total := total + gone;
      delete from public.mails where id in (
        select m.id from public.mails m where m.status = 'kept' and m.created_at < now() - interval '7 days'
          or m.status = 'sent' and m.created_at < now() - interval '30 days' or m.created_at < now() - interval '90 days'
        limit most);
      get diagnostics gone = row_count; total := total + gone;
      -- names that nobody has forget their failures as late as accounts do, or one could tell them apart
      delete from public.unknown_logins where name_hash in (
        select l.name_hash from public.unknown_logins l where l.updated_at < now() - interval '30 days' limit most);
      get diagnostics gone = row_count; total := total + gone;
      update public.accounts set failed_logins = 0 where id in (
        select a.id from public.accounts a where a.failed_logins > 0 and not exists (select from public.security_events e
          where e.account_id = a.id and e.created_at >= now() - interval '30 days' and e.action in ('sign_in:failed', 'sign_in:locked'))
        limit most);
      get diagnostics gone = row_count;
      return total + gone;
    end $$;

    do $$
    declare f text;
    begin
      perform app.give_to_lookup('app.queue_account_mail(uuid, text, text, jsonb, text)');
      foreach f in array array['app.queue_job(text, jsonb, jsonb, int)', 'app.finish_job(text, uuid, int)',
        'app.queue_mail(text, text, text, jsonb)', 'app.mail_to_send(uuid)', 'app.settle_mail(uuid, text, text, bytea, uuid, int)',
        'app.kept_mails(int)', 'app.kept_mail(uuid)', 'app.tidy(int)'] loop
        perform app.give_to_lookup(f), app.give_to_app(f);
      end loop;
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop function app.tidy(int), app.kept_mail(uuid), app.kept_mails(int), app.settle_mail(uuid, text, text, bytea, uuid, int),
      app.mail_to_send(uuid), app.queue_account_mail(uuid, text, text, jsonb, text), app.queue_mail(text, text, text, jsonb),
      app.finish_job(text, uuid, int), app.queue_job(text, jsonb, jsonb, int);
    drop table mails;
    drop index unknown_logins_by_updated, accounts_failing;
    drop policy lookup on idempotency_keys;
    drop policy lookup on imports;
    do $$ begin
      execute format('revoke all on idempotency_keys, imports, rate_limits from %I', app.role_lookup());
    end $$;
    drop schema jobs cascade;
  `.execute(db)
}
