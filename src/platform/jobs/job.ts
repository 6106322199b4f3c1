import type { z } from 'zod'
import { answer } from '#src/db/call.ts'
import type { Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'

/** How patiently, and how many at once, jobs of a kind are worked on. */
export type Settings = {
  /** Attempts after the first. */
  retries: number
  /** Seconds until the second attempt; each further one waits about twice as long, up to `longestWait`. */
  wait: number
  longestWait: number
  /** Seconds that one attempt may take. */
  seconds: number
  /** Of one process. */
  atOnce: number
}

/** A kind of job. Its payload holds ids and names: the queue knows no organizations, and a dump holds it. */
export type Job<T> = AnyJob & { readonly payload: z.ZodType<T> }
export type AnyJob = { readonly name: string; readonly payload: z.ZodType; readonly settings: Settings }

const usual: Settings = { retries: 5, wait: 5, longestWait: 3600, seconds: 300, atOnce: 2 }

/** Declares a kind of job; what works on it is declared apart (`handled`), so that who queues it doesn't load it. */
export const defineJob = <T>(
  name: string,
  payload: z.ZodType<T>,
  settings: Partial<Settings> = {},
): Job<T> => ({ name, payload, settings: { ...usual, ...settings } })

/** Where jobs lie that failed at every attempt. */
export const DEAD = 'dead'

const DAY = 86_400

/** The same in the words of the queue. */
export const queueSettings = ({ settings: { retries, wait, longestWait, seconds } }: AnyJob) => ({
  retryLimit: retries,
  retryDelay: wait,
  retryDelayMax: longestWait,
  retryBackoff: true,
  expireInSeconds: seconds,
  // a worker that was killed is noticed after so long
  heartbeatSeconds: 20,
  retentionSeconds: 14 * DAY,
  deleteAfterSeconds: 7 * DAY,
  deadLetter: DEAD,
  notify: true,
})

/**
 * Queues a job in the transaction of its cause: rolled back with it, seen by workers after its commit. It is of the
 * organization that is entered.
 * @param after seconds that it waits at least
 * @returns its id
 */
export async function queueJob<T>(tx: Tx, job: Job<T>, payload: T, { after = 0 } = {}): Promise<string> {
  const told = JSON.stringify(job.payload.parse(payload))
  const settings = JSON.stringify(queueSettings(job))
  const queued = { kind: job.name, payload: told, settings, delay_seconds: after }
  return (await answer(tx, fn.queue_job(queued))) as string
}
