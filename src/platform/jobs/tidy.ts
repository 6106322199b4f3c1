import { z } from 'zod'
import { fn } from '#src/db/functions.ts'
import { handled } from '#src/platform/jobs/handler.ts'
import { defineJob } from '#src/platform/jobs/job.ts'

/**
 * Deletes what has expired: failed sign-ins, counters, idempotency keys, imported files, mails, links, unconfirmed
 * registrations, and browsers that were not seen again.
 */
export const tidy = defineJob('tidy', z.strictObject({}), { retries: 1, atOnce: 1 })

/** Rows of each kind in one transaction, and transactions in one run. */
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
