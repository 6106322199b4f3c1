import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { z } from 'zod'
import { asSystem } from '#src/access/system.ts'
import { Database, type Tx } from '#src/db/database.ts'
import type { Handler } from '#src/platform/jobs/handler.ts'
import { type AnyJob, defineJob, type Job, queueJob } from '#src/platform/jobs/job.ts'
import { Jobs, type Schedule } from '#src/platform/jobs/jobs.ts'
import { unique } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { db, owner, appUrl } = await testDatabase()

const about = z.strictObject({ name: z.string() })
let kinds = 0
/** A kind of job of its own for each test, that nobody waits long for. */
export const kind = (settings: Partial<AnyJob['settings']> = {}) =>
  defineJob(`test/${++kinds}`, about, { wait: 0, longestWait: 1, ...settings })

type Line = { level: string; message: string } & Record<string, unknown>
export type Working = AsyncDisposable & { jobs: Jobs; said: Line[] }

/** A process that works on jobs, with a pool of its own. */
export async function working(
  handlers: Handler[],
  { url = appUrl, schedules }: { url?: string; schedules?: Schedule[] } = {},
): Promise<Working> {
  const own = new Database(url, { max: 3, waitMs: 1000 })
  const said: Line[] = []
  const at = (level: string) => (details: object, message: string) =>
    said.push({ level, message, ...details })
  const log = { info: at('info'), warn: at('warn'), error: at('error') }
  const pace = { look: 0.5, supervise: 1 }
  const jobs = new Jobs({ db: own, listenUrl: url, handlers, schedules, log, pace })
  void jobs.start()
  await until(() => said.length > 0)
  const dispose = async () => {
    await jobs.stop()
    await own.close()
  }
  return { jobs, said, [Symbol.asyncDispose]: dispose }
}

/** Nobody works on what other files of this database left queued of that kind: hundreds of mails, say. */
export const withoutBacklog = ({ name }: Pick<AnyJob, 'name'>) =>
  sql`delete from jobs.job where name = ${name} and state in ('created', 'retry')`.execute(owner)

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 750) throw new Error('it never came to pass')
    await sleep(20)
  }
}

/** Queues a job in a transaction of its own. */
export const queued = (org: { id: string }, job: Job<{ name: string }>, name: string, after?: number) =>
  asSystem(db, org.id, 'a test', (tx) => queueJob(tx, job, { name }, { after }))

export type Row = {
  id: string
  name: string
  state: string
  data: { org: string | null; payload: { name: string } }
  output: unknown
  retry_count: number
  source_name: string | null
  source_id: string | null
}

export async function jobsOf({ name }: AnyJob): Promise<Row[]> {
  const { rows } =
    await sql<Row>`select * from jobs.job where name = ${name} or source_name = ${name}`.execute(owner)
  return rows
}

/** As if whoever works on jobs of this kind had been silent for long. */
export const silence = ({ name }: AnyJob) =>
  sql`update jobs.job set heartbeat_on = now() - interval '1 hour' where name = ${name} and state = 'active'`.execute(
    owner,
  )

/** What jobs of the tests do: a group with this description. */
export const makeGroup = (description: string) => (tx: Tx) =>
  tx
    .insertInto('groups')
    .values({ kind: 'team', name: unique('made'), description })
    .execute()

/** How many of these there are. */
export async function made(org: { id: string }, description: string): Promise<number> {
  const found = owner.selectFrom('groups').where('org_id', '=', org.id).where('description', '=', description)
  return (await found.select('id').execute()).length
}
