import { type Kysely, sql, type Transaction } from 'kysely'
import { answer } from '#src/db/call.ts'
import { fn } from '#src/db/functions.ts'
import type { DB } from '#src/db/types.ts'
import { DEAD } from '#src/platform/jobs/job.ts'

/** A job whose attempts all failed. */
export type DeadJob = {
  id: string
  job: string
  organization: string | null
  org_id: string | null
  payload: unknown
  failed_at: string
  error: string | null
}

/** Selects one job by id, all of a kind, or all. */
export type Which = { id?: string | undefined; job?: string | undefined }

/** Jobs handled at once. */
const MOST = 1000

/** Dead jobs, oldest first, across organizations; locked if they are about to change. */
export async function deadJobs(
  db: Kysely<DB>,
  { id, job }: Which,
  { lock = false } = {},
): Promise<DeadJob[]> {
  const { rows } = await sql<DeadJob>`
    select j.id, j.source_name as job, o.slug as organization, o.id as org_id, j.data -> 'payload' as payload,
      to_char(j.created_on at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as failed_at, j.source_output ->> 'message' as error
    from jobs.job j left join public.organizations o on o.id = (j.data ->> 'org')::uuid
    where j.name = ${DEAD} and j.state = 'created' and j.source_name is not null
      and (${id ?? null}::uuid is null or j.id = ${id ?? null}) and (${job ?? null}::text is null or j.source_name = ${job ?? null})
    order by j.created_on, j.id limit ${MOST} ${lock ? sql`for update of j` : sql``}`.execute(db)
  return rows
}

/** Queues them again, each at its first attempt. */
export async function retryDead(tx: Transaction<DB>, which: Which): Promise<DeadJob[]> {
  const found = await dropDead(tx, which)
  for (const { job, org_id, payload } of found) {
    await sql`select set_config('app.org_id', ${org_id ?? ''}, true)`.execute(tx)
    await answer(
      tx,
      fn.queue_job({ kind: job, payload: JSON.stringify(payload), settings: {}, delay_seconds: 0 }),
    )
  }
  await sql`select set_config('app.org_id', '', true)`.execute(tx)
  return found
}

/** Deletes them for good. */
export async function dropDead(tx: Transaction<DB>, which: Which): Promise<DeadJob[]> {
  const found = await deadJobs(tx, which, { lock: true })
  const ids = found.map(({ id }) => id)
  if (ids.length)
    await sql`delete from jobs.job where name = ${DEAD} and id = any(${ids}::uuid[])`.execute(tx)
  return found
}

/** Records what was done in each organization's trail; for the installation's own jobs, in the security events. */
export async function noteJobs(
  tx: Transaction<DB>,
  action: 'job:retry' | 'job:drop',
  jobs: readonly DeadJob[],
  reason: string,
): Promise<void> {
  for (const { id, job, org_id } of jobs) {
    const about = { via: 'cli', reason }
    if (org_id) {
      const line = {
        org_id,
        ...about,
        action,
        target_type: 'job',
        target_id: id,
        data: JSON.stringify({ job }),
      }
      await tx.insertInto('events').values(line).execute()
    } else {
      const data = JSON.stringify({ ...about, job, id })
      await tx.insertInto('security_events').values({ action, data }).execute()
    }
  }
}
