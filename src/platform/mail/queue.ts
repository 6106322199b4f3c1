import { sql } from 'kysely'
import { z } from 'zod'
import type { Db } from '#src/db/database.ts'
import { defineJob } from '#src/platform/jobs/job.ts'
import type { Language, Mail } from '#src/platform/mail/letter.ts'

/** Tried for some seven hours while the mail server is away. */
export const mailJob = defineJob('mail', z.strictObject({ mail: z.uuid() }), {
  retries: 14,
  wait: 15,
  seconds: 120,
  atOnce: 4,
})

const address = z.email().max(254)

/**
 * Queues a mail of the organization that is entered, in the transaction of its cause: rolled back with it. Mail about an
 * account is queued by definer functions alone (`app.queue_account_mail`), which know whose it is.
 * @returns its id
 */
export async function queueMail<D>(
  tx: Db,
  mail: Mail<D>,
  { to, data, language = 'en' }: { to: string; data: D; language?: Language },
): Promise<string> {
  if (mail.to !== 'organization') throw new Error(`${mail.name} is no mail of an organization`)
  const kept = JSON.stringify(mail.data.parse(data))
  const { rows } = await sql<{ id: string }>`
    select app.queue_mail(${mail.name}, ${address.parse(to)}, ${language}, ${kept}::jsonb) as id`.execute(tx)
  return (rows[0] as { id: string }).id
}
