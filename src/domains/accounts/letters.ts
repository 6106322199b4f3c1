import { z } from 'zod'
import { fn } from '#src/db/functions.ts'
import { Refused } from '#src/platform/mail/carrier.ts'
import type { Sending } from '#src/platform/mail/letter.ts'
import { unlinked } from '#src/platform/mail/line.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'

export const nothing = z.strictObject({})

type Facts = { username: string; newEmail: string | null }

/** What a mail about an account says. @throws {Refused} where it is no longer to be sent */
export async function told({ db, id }: Sending, hash: Buffer | null = null): Promise<Facts> {
  const facts = await db.lookup(fn.account_mail<Facts | null>({ mail: id, hash }))
  if (!facts) throw new Refused('This mail is out of date.')
  return { ...facts, username: unlinked(facts.username) }
}

/** The same, with a link of the mail's kind, whose token is kept nowhere else. */
export async function linked(sending: Sending): Promise<Facts & { token: string }> {
  const token = newToken()
  return { ...(await told(sending, tokenHash(token))), token }
}
