import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { fn } from '#src/db/functions.ts'
import type { DeadJob } from '#src/platform/jobs/dead.ts'
import { handled } from '#src/platform/jobs/handler.ts'
import type { Job } from '#src/platform/jobs/job.ts'
import { run, useFolder } from '#tests/cli/commands.ts'
import { makeOrganization, type Organization, unique } from '#tests/factories.ts'
import { jobsOf, kind, queued, until, working } from '#tests/jobs/here.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db, owner } = await testDatabase()
const org = await makeOrganization()
useFolder()

/** A job that failed for good, of an organization or of the installation. */
async function dead(job: Job<{ name: string }>, of: Organization | null = org): Promise<string> {
  const name = unique('job')
  const fails = handled(job, async () => {
    throw new Error('no luck')
  })
  await using _ = await working([fails])
  if (of) await queued(of, job, name)
  else
    await db.lookup(
      fn.queue_job({ kind: job.name, payload: JSON.stringify({ name }), settings: '{}', delay_seconds: 0 }),
    )
  let id = ''
  await until(async () => {
    const rows = await jobsOf(job)
    id = rows.find((row) => row.name === 'dead' && row.data.payload.name === name)?.id ?? ''
    return id !== ''
  })
  return id
}

const listed = async (...args: string[]): Promise<DeadJob[]> =>
  JSON.parse((await run(['jobs:dead', '--json', ...args])).stdout).jobs
const events = (action: string, of = org) =>
  owner
    .selectFrom('events')
    .select(['target_id', 'target_type', 'via', 'reason', 'data'])
    .where('org_id', '=', of.id)
    .where('action', '=', action)
    .execute()

describe('jobs:dead', { timeout: 90_000 }, () => {
  it('lists what failed for good, with its kind, organization, payload and error', async () => {
    const job = kind({ retries: 0 })
    const id = await dead(job)
    const [found] = await listed('--job', job.name)
    expect(found).toMatchObject({ id, job: job.name, organization: org.slug, error: 'no luck' })
    expect(found?.payload).toEqual({ name: expect.any(String) })
    expect((await run(['jobs:dead'])).stdout).toContain(
      `${id}  ${found?.failed_at}  ${job.name}  ${org.slug}`,
    )
    expect(await listed('--job', 'no-such-kind')).toEqual([])
  })

  it('queues one again, at its first attempt, in the trail of its organization', async () => {
    const job = kind({ retries: 0 })
    const [id, other] = [await dead(job), await dead(job)]
    const done = await run(['jobs:dead', '--retry', '--id', id, '--reason', 'mended'])
    expect(done).toMatchObject({ code: 0, stdout: '1 job queued again.\n' })
    expect((await listed('--job', job.name)).map((one) => one.id)).toEqual([other])
    expect((await events('job:retry')).filter(({ target_id }) => target_id === id)).toEqual([
      {
        target_id: id,
        target_type: 'job',
        via: 'cli',
        reason: expect.stringMatching(/^jobs:dead by .+: mended$/),
        data: { job: job.name },
      },
    ])
    const ran: (string | null)[] = []
    const works = handled(
      job,
      async ({ number, orgId, payload }) => void ran.push(orgId, `${number}`, payload.name),
    )
    await using _ = await working([works])
    await until(() => ran.length > 0)
    expect(ran).toEqual([org.id, '0', expect.any(String)])
    // and not once more
    expect((await run(['jobs:dead', '--retry', '--id', id])).code).toBe(1)
  })

  it('takes those of a kind away, also of no organization, and no others', async () => {
    const [job, others] = [kind({ retries: 0 }), kind({ retries: 0 })]
    await dead(job)
    const ours = await dead(job, null)
    const kept = await dead(others)
    const done = await run(['jobs:dead', '--drop', '--job', job.name, '--json'])
    expect(JSON.parse(done.stdout).dropped).toHaveLength(2)
    expect(await listed('--job', job.name)).toEqual([])
    expect((await listed('--job', others.name)).map(({ id }) => id)).toEqual([kept])
    const { rows } = await sql<{ data: object }>`select data from security_events
      where action = 'job:drop' and data ->> 'id' = ${ours}`.execute(owner)
    expect(rows).toEqual([{ data: expect.objectContaining({ job: job.name, via: 'cli' }) }])
    expect((await events('job:drop')).map(({ data }) => data)).toContainEqual({ job: job.name })
  })

  it.each([
    [['--retry'], 2, 'Choose one of --id'],
    [['--drop'], 2, 'Choose one of --id'],
    [['--retry', '--drop', '--all'], 2, 'Choose one of --retry'],
    [['--drop', '--all', '--job', 'mail'], 2, 'Choose one of --id'],
    [['--drop', '--id', 'x'], 1, 'Enter the id of a job'],
    [['--drop', '--job', 'no-such-kind'], 1, 'No failed job matches'],
  ])('%j is refused', async (args, code, message) => {
    const done = await run(['jobs:dead', ...args])
    expect([done.code, done.stdout]).toEqual([code, ''])
    expect(done.stderr).toContain(message)
  })
})
