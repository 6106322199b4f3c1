import { sql } from 'kysely'
import type { Config } from '#src/config.ts'
import { mails } from '#src/domains/shell/mails.ts'
import { type Attempt, attemptAt } from '#src/platform/jobs/handler.ts'
import type { Message } from '#src/platform/mail/carrier.ts'
import type { AnyMail } from '#src/platform/mail/letter.ts'
import { mailJob } from '#src/platform/mail/queue.ts'
import { sendsMails } from '#src/platform/mail/sending.ts'
import { testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const { db, owner } = here

/** A mail that was sent, with the first address that it leads to. */
export type Received = Message & { link: string | undefined }

/** Sends what is queued for an address, as a worker would, and answers it, the oldest first. */
export async function mailTo(
  address: string,
  kinds: readonly AnyMail[] = mails,
  config: Config = here.config,
): Promise<Received[]> {
  const received: Received[] = []
  const { run } = sendsMails({
    config,
    mails: kinds,
    carry: async (message) => {
      received.push({ ...message, link: /https?:\S+/.exec(message.text)?.[0] })
      return null
    },
  })
  const { rows } = await sql<{ id: string; data: unknown }>`
    update jobs.job j set state = 'active', started_on = now() from mails m
    where j.name = 'mail' and j.state = 'created' and j.data -> 'payload' ->> 'mail' = m.id::text and m.recipient = ${address}
    returning j.id, j.data`.execute(owner)
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  const signal = new AbortController().signal
  for (const { id, data } of rows.sort((a, b) => (mailOf(a) < mailOf(b) ? -1 : 1))) {
    const attempt = attemptAt(mailJob, { id, data, retryCount: 0, retryLimit: 0, signal }, { db, log })
    await run(attempt as Attempt<never>)
  }
  return received
}

const mailOf = ({ data }: { data: unknown }) => (data as { payload: { mail: string } }).payload.mail
