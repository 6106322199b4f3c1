import { z } from 'zod'
import { answer } from '#src/db/call.ts'
import type { Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { defineJob } from '#src/platform/jobs/job.ts'
import type { Language, Mail } from '#src/platform/mail/letter.ts'

/** Retried for about seven hours while the mail server is down. */
export const mailJob = defineJob('mail', z.strictObject({ mail: z.uuid() }), {
  retries: 14,
  wait: 15,
  seconds: 120,
  atOnce: 4,
})

const email = z.email().max(254)

/**
 * Queues a mail of the transaction's organization; it rolls back with that transaction. Only definer functions queue
 * mail about an account (`app.queue_account_mail`): they know whose it is.
 * @returns the mail's id
 */
export async function queueMail<D>(
  tx: Tx,
  mail: Mail<D>,
  { to, data, language = 'en' }: { to: string; data: D; language?: Language },
): Promise<string> {
  if (mail.to !== 'organization') throw new Error(`${mail.name} is no mail of an organization`)
  const content = JSON.stringify(mail.data.parse(data))
  const queued = { kind: mail.name, email_address: email.parse(to), lang: language, content }
  return (await answer(tx, fn.queue_mail(queued))) as string
}
