import type { z } from 'zod'
import { answer } from '#src/db/call.ts'
import type { Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'

/** Retries, time limits and concurrency for a kind of job. */
export type Settings = {
  /** Attempts after the first. */
  retries: number
  /** Seconds before the second attempt; each later wait is about twice as long, up to `longestWait`. */
  wait: number
  longestWait: number
  /** Time limit of one attempt, in seconds. */
  seconds: number
  /** Concurrent jobs of this kind in one process. */
  atOnce: number
}

/** A kind of job. Its payload holds only ids and names: the queue isn't tenant-separated and is part of every dump. */
export type Job<T> = AnyJob & { readonly payload: z.ZodType<T> }
export type AnyJob = { readonly name: string; readonly payload: z.ZodType; readonly settings: Settings }

const usual: Settings = { retries: 5, wait: 5, longestWait: 3600, seconds: 300, atOnce: 2 }

/** Declares a kind of job; its handler is declared separately (`handled`), so that queueing doesn't load it. */
export const defineJob = <T>(
  name: string,
  payload: z.ZodType<T>,
  settings: Partial<Settings> = {},
): Job<T> => ({ name, payload, settings: { ...usual, ...settings } })

/** The queue of dead jobs. */
export const DEAD = 'dead'

const DAY = 86_400

/** The settings in the queue's own terms. */
export const queueSettings = ({ settings: { retries, wait, longestWait, seconds } }: AnyJob) => ({
  retryLimit: retries,
  retryDelay: wait,
  retryDelayMax: longestWait,
  retryBackoff: true,
  expireInSeconds: seconds,
  // how soon a killed worker is noticed
  heartbeatSeconds: 20,
  retentionSeconds: 14 * DAY,
  deleteAfterSeconds: 7 * DAY,
  deadLetter: DEAD,
  notify: true,
})

/**
 * Queues a job in the transaction that causes it: it rolls back with it and becomes visible to workers on commit. It
 * belongs to the transaction's organization.
 * @param after seconds to wait at least
 * @returns its id
 */
export async function queueJob<T>(tx: Tx, job: Job<T>, payload: T, { after = 0 } = {}): Promise<string> {
  const told = JSON.stringify(job.payload.parse(payload))
  const settings = JSON.stringify(queueSettings(job))
  const queued = { kind: job.name, payload: told, settings, delay_seconds: after }
  return (await answer(tx, fn.queue_job(queued))) as string
}
