import { asSystem } from '#src/access/system.ts'
import { answer } from '#src/db/call.ts'
import type { Database, Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import type { AnyJob, Job } from '#src/platform/jobs/job.ts'

export type Log = Record<'info' | 'warn' | 'error', (details: object, message: string) => void>

/** Somebody else has the job by now: this attempt was taken for dead. */
export class ClaimLost extends Error {}

/** One attempt at a job. */
export type Attempt<T> = {
  readonly id: string
  /** 0 at the first; with the id, what names this attempt. */
  readonly number: number
  readonly last: boolean
  readonly payload: T
  /** Whose it is; null for the installation's own. */
  readonly orgId: string | null
  /** Aborted when the attempt took too long, was taken for dead, or the process ends. */
  readonly signal: AbortSignal
  readonly db: Pick<Database, 'withActor' | 'lookup'>
  readonly log: Log
  /** A transaction in the job's organization, for no person. */
  within<R>(work: (tx: Tx) => Promise<R>): Promise<R>
  /**
   * The same, and the end of the job commits with it: however often the job is tried, this takes effect once.
   * @throws {ClaimLost}
   */
  finish<R>(work: (tx: Tx) => Promise<R>): Promise<R>
}

/** What works on a kind of job. */
export type Handler = { readonly job: AnyJob; readonly run: (attempt: Attempt<never>) => Promise<void> }

/**
 * Says how a kind of job is done. Beyond `finish`, an attempt may be repeated after it had its effect, when the process
 * dies between the two: what goes outside has to bear that.
 */
export const handled = <T>(job: Job<T>, run: (attempt: Attempt<T>) => Promise<void>): Handler =>
  ({ job, run }) as unknown as Handler

/** What the queue tells of an attempt. */
export type TakenJob = {
  id: string
  retryCount: number
  retryLimit: number
  signal: AbortSignal
  data: unknown
}

/** @throws when the payload is not what the job takes */
export function attemptAt<T>(
  job: Job<T>,
  taken: TakenJob,
  { db, log }: Pick<Attempt<T>, 'db' | 'log'>,
): Attempt<T> {
  const { id, retryCount: number, retryLimit, signal } = taken
  const { org, payload } = taken.data as { org: string | null; payload: unknown }
  const within = <R>(work: (tx: Tx) => Promise<R>) => {
    if (!org) throw new Error(`a job ${job.name} of no organization can't act within one`)
    return asSystem(db, org, `job ${job.name}`, work, { via: 'job', cause: { id, kind: 'job' } })
  }
  const finish = <R>(work: (tx: Tx) => Promise<R>) =>
    within(async (tx) => {
      const done = await work(tx)
      const ended = await answer(tx, fn.finish_job({ kind: job.name, job: id, attempt: number }))
      if (!ended) throw new ClaimLost(`someone else has job ${id}`)
      return done
    })
  const last = number >= retryLimit
  return {
    id,
    number,
    last,
    payload: job.payload.parse(payload),
    orgId: org,
    signal,
    db,
    log,
    within,
    finish,
  }
}
