import { z } from 'zod'
import { fn } from '#src/db/functions.ts'
import { handled } from '#src/platform/jobs/handler.ts'
import { defineJob } from '#src/platform/jobs/job.ts'

/**
 * Takes away what is older than its time: failed names, counters, keys and files of requests, mails; links, registrations
 * that were not confirmed, and browsers that nobody came back with.
 */
export const tidy = defineJob('tidy', z.strictObject({}), { retries: 1, atOnce: 1 })

/** Rows of each kind in one transaction, and transactions in one go. */
const MOST = 1000
const ROUNDS = 200

export const tidies = handled(tidy, async ({ db, signal }) => {
  for (const some of [
    fn.tidy,
    fn.tidy_accounts,
    fn.tidy_invitations,
    fn.tidy_pending_sign_ins,
    fn.tidy_sessions,
  ]) {
    for (let round = 0; round < ROUNDS && !signal.aborted; round++) {
      if (!(await db.lookup(some({ most: MOST })))) break
    }
  }
})
