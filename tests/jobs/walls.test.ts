import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { asSystem } from '#src/access/system.ts'
import { handled } from '#src/platform/jobs/handler.ts'
import { defineJob } from '#src/platform/jobs/job.ts'
import { makeOrganization } from '#tests/factories.ts'
import { jobsOf, kind, queued, until, working } from '#tests/jobs/here.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db, owner } = await testDatabase()
const org = await makeOrganization()
const other = await makeOrganization()
const inside = (text: string, at = org) => asSystem(db, at.id, 'a test', (tx) => sql.raw(text).execute(tx))

/** What the roles may in the queue's schema, by the catalog. */
async function rights(role: string): Promise<Record<string, string>> {
  const { rows } = await sql<{ name: string; may: string }>`
    select c.relname::text as name, string_agg(lower(a.privilege_type), ', ' order by a.privilege_type) as may
    from pg_class c, aclexplode(c.relacl) a
    where c.relnamespace = 'jobs'::regnamespace and a.grantee = ${sql.raw(role)}::regrole group by 1`.execute(
    owner,
  )
  return Object.fromEntries(rows.map(({ name, may }) => [name, may]))
}

test('the roles have what they need in the queue’s schema, and nobody else has anything', async () => {
  const all = 'delete, insert, select, update'
  expect(await rights('app.role_app()')).toEqual({
    job: all,
    job_common: all,
    schedule: all,
    queue: 'insert, select, update',
    version: 'select, update',
    job_dependency: 'delete, select, update',
  })
  expect(await rights('app.role_lookup()')).toEqual({
    job: 'insert, select, update',
    queue: 'insert, select',
  })
  const { rows } = await sql`
    select p.oid::regprocedure::text from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where p.pronamespace = 'jobs'::regnamespace and a.grantee = 0
    union all select c.relname from pg_class c, aclexplode(c.relacl) a where c.relnamespace = 'jobs'::regnamespace and a.grantee = 0
    union all select c.relname from pg_class c where c.relnamespace = 'jobs'::regnamespace and c.relkind in ('r', 'p')
      and not c.relrowsecurity and c.relname !~ '^queue_stats_'
    union all select p.tablename || p.policyname from pg_policies p where p.schemaname = 'jobs' and not (
      p.policyname = 'outside' and p.roles = array[app.role_app()]
        and p.qual = '(NULLIF(current_setting(''app.org_id''::text, true), ''''::text) IS NULL)'
      or p.policyname = 'lookup' and p.roles = array[app.role_lookup()] and p.tablename in ('job', 'queue'))`.execute(
    owner,
  )
  expect(rows).toEqual([])
})

describe('a statement that runs inside an organization', () => {
  test('sees no jobs, and changes none', async () => {
    const job = kind()
    await queued(org, job, 'mine')
    for (const table of ['job', 'job_common', 'queue', 'schedule', 'version', 'job_dependency']) {
      expect((await inside(`select from jobs.${table}`)).rows, table).toEqual([])
    }
    expect((await inside(`update jobs.job set priority = 9`)).numAffectedRows).toBe(0n)
    expect((await inside(`delete from jobs.job`)).numAffectedRows).toBe(0n)
    await expect(inside(`insert into jobs.job (name) values ('${job.name}')`)).rejects.toMatchObject({
      code: '42501',
    })
    expect(await jobsOf(job)).toHaveLength(1)
    // and whoever works on jobs does see it
    const { rows } = await db.pool.query('select from jobs.job where name = $1', [job.name])
    expect(rows).toHaveLength(1)
  })

  test('queues for its own organization, whatever it says', async () => {
    const job = kind()
    await inside(`select app.queue_job('${job.name}', '{"name":"x","org":"${other.id}"}', '{}', 0)`)
    expect((await jobsOf(job))[0]?.data.org).toBe(org.id)
  })

  test('ends no job of another, nor one that another attempt has', async () => {
    const job = kind()
    let release = () => {}
    const gate = new Promise<void>((open) => (release = open))
    await using _ = await working([handled(job, () => gate)])
    const id = await queued(org, job, 'runs')
    await until(async () => (await jobsOf(job))[0]?.state === 'active')
    const end = (attempt: number) => `select app.finish_job('${job.name}', '${id}', ${attempt}) as ok`
    expect((await inside(end(0), other)).rows).toEqual([{ ok: false }])
    expect((await inside(end(1))).rows).toEqual([{ ok: false }])
    expect((await inside(end(0))).rows).toEqual([{ ok: true }])
    release()
  })

  test.each([
    ['queue_account_mail', `app.queue_account_mail(null, 'x', 'en', '{}')`, /permission denied/],
    ['mail_to_send', `app.mail_to_send(null)`, /not inside/],
    ['settle_mail', `app.settle_mail(null, 'sent', null, null, null, 0)`, /not inside/],
    ['kept_mails', `app.kept_mails(1)`, /not inside/],
    ['kept_mail', `app.kept_mail(null)`, /not inside/],
    ['tidy', `app.tidy(1)`, /not inside/],
  ])('can’t call %s', async (_, call, message) => {
    await expect(inside(`select ${call}`)).rejects.toThrow(message)
  })
})

describe('schedules', () => {
  const found = async () =>
    (
      await sql<{
        name: string
        cron: string
      }>`select name, cron from jobs.schedule where name like 'test/%'`.execute(owner)
    ).rows

  test('stand once, as the code has them, and go when it has them no longer', async () => {
    const job = defineJob(kind().name, z.strictObject({}))
    const { name } = job
    const handlers = [handled(job, async () => {})]
    for (const cron of ['1 * * * *', '2 * * * *']) {
      await using _a = await working(handlers, { schedules: [{ job, cron }] })
      await using _b = await working(handlers, { schedules: [{ job, cron }] })
      expect(await found()).toEqual([{ name, cron }])
    }
    await using _ = await working(handlers)
    expect(await found()).toEqual([])
  })
})
