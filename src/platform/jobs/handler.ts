import { asSystem } from '#src/access/system.ts'
import { answer } from '#src/db/call.ts'
import type { Database, Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import type { AnyJob, Job } from '#src/platform/jobs/job.ts'

export type Log = Record<'info' | 'warn' | 'error', (details: object, message: string) => void>

/** Another worker has the job: this attempt was presumed dead. */
export class ClaimLost extends Error {}

/** One attempt at a job. */
export type Attempt<T> = {
  readonly id: string
  /** 0 for the first; identifies the attempt together with the id. */
  readonly number: number
  readonly last: boolean
  readonly payload: T
  /** The job's organization; null for the installation's own. */
  readonly orgId: string | null
  /** Aborted if the attempt takes too long, is presumed dead, or the process shuts down. */
  readonly signal: AbortSignal
  readonly db: Pick<Database, 'withActor' | 'lookup'>
  readonly log: Log
  /** Runs a transaction in the job's organization, on behalf of no user. */
  within<R>(work: (tx: Tx) => Promise<R>): Promise<R>
  /**
   * The same, and completes the job in that transaction: however often the job is tried, this takes effect once.
   * @throws {ClaimLost}
   */
  finish<R>(work: (tx: Tx) => Promise<R>): Promise<R>
}

/** The worker function for a kind of job. */
export type Handler = { readonly job: AnyJob; readonly run: (attempt: Attempt<never>) => Promise<void> }

/**
 * Declares how a kind of job is done. Effects outside `finish` may happen again if the process dies before the job is
 * completed: anything sent to the outside must tolerate that.
 */
export const handled = <T>(job: Job<T>, run: (attempt: Attempt<T>) => Promise<void>): Handler =>
  ({ job, run }) as unknown as Handler

/** An attempt as the queue describes it. */
export type TakenJob = {
  id: string
  retryCount: number
  retryLimit: number
  signal: AbortSignal
  data: unknown
}

/** @throws if the payload doesn't fit the job's schema */
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
