import { answer } from '#src/db/call.ts'
import type { Tx } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { invitationMail } from '#src/domains/people/invitations/mails.ts'
import { TooMany } from '#src/errors.ts'
import { queueMail } from '#src/platform/mail/queue.ts'

/**
 * Queues the mail of an invitation, in the transaction of its cause.
 * @returns the mail's id
 * @throws {TooMany} where the address got three of this organization within the hour
 */
export async function queueInvitation(tx: Tx, to: string): Promise<string> {
  const ms = await answer(tx, fn.invitation_wait({ email_address: to }))
  const seconds = Math.ceil((ms ?? 0) / 1000)
  if (seconds === 0) return queueMail(tx, invitationMail, { to, data: {} })
  const minutes = Math.ceil(seconds / 60)
  const when = minutes === 1 ? 'a minute' : `${minutes} minutes`
  throw new TooMany(
    `${to} got three invitations in the last hour. You can send the next one in ${when}.`,
    seconds,
    { title: 'Not sent' },
  )
}
