import type { UserActor } from '#src/access/actor.ts'
import type { Config } from '#src/config.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import type { Origin } from '#src/domains/accounts/origin.ts'
import { inPerson, reauthenticate } from '#src/domains/accounts/proof.ts'
import { conflict, invalid, TooMany } from '#src/errors.ts'

/**
 * Has a link sent to the address that somebody wants to have, and tells the old one. It counts once the link is used.
 * @throws {Invalid} for a wrong password, {TooMany} when asked for too often, {Conflict} while
 *   the latest change may be taken
 *   back: by the link that another one would end
 */
export async function requestEmail(
  db: Door,
  config: Config,
  actor: UserActor,
  { email: wanted, password }: { email: string; password: string },
  from: Origin,
): Promise<void> {
  const { email } = await reauthenticate(db, config, actor, { field: 'password', password }, from)
  if (wanted === email) throw invalid([{ path: 'email', message: 'This is already your address' }])
  await requested(db, actor, wanted)
}

/** Has a link sent to the address that somebody has. @throws {TooMany} when asked for too often */
export async function requestVerification(db: Door, actor: UserActor): Promise<void> {
  inPerson(actor)
  await requested(db, actor, null)
}

async function requested(db: Door, actor: UserActor, email: string | null): Promise<void> {
  const link = { account: actor.identity.accountId, email_address: email, ctx: actor.context }
  const refused = await db.lookup(fn.request_email<{ until?: string } | null>(link))
  if (!refused) return
  const until = refused.until?.slice(0, 10)
  if (until)
    throw conflict(
      'email',
      `You can change it again on ${until}. Until then, your old address can undo the last change`,
    )
  throw new TooMany('We’ve already sent three links. Try again in an hour.', 3600)
}
