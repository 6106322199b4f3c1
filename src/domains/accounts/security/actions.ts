import type { UserActor } from '#src/access/actor.ts'
import type { Config } from '#src/config.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { inPerson, type Origin, reauthenticate } from '#src/domains/accounts/sign-in/actions.ts'
import { conflict, HttpError, invalid } from '#src/http/errors.ts'

/** How somebody signs in. */
export type Account = {
  username: string
  email: string
  verified: boolean
  password: boolean
  /** When it last changed hands; null for never. */
  changed: string | null
  /** Since when there is a second factor; null for none. */
  factorSince: string | null
  codesLeft: number
}

export async function accountOf(db: Door, actor: UserActor): Promise<Account> {
  const of = { account: actor.identity.accountId, device: null }
  const found = await db.lookup(fn.account_lookup<Account & { passwordHash: string | null }>(of))
  const { username, email, verified, passwordHash, changed, factorSince, codesLeft } = found
  return { username, email, verified, password: passwordHash !== null, changed, factorSince, codesLeft }
}

/**
 * Has a link sent to the address that somebody wants to have, and tells the old one. It counts once the link is used.
 * @throws {HttpError} 422 for a wrong password, 429 when asked for too often, 409 while the latest change may be taken
 *   back: by the link that another one would end
 */
export async function requestEmail(
  db: Door,
  config: Config,
  actor: UserActor,
  { email: address, password }: { email: string; password: string },
  from: Origin,
): Promise<void> {
  const { email } = await reauthenticate(db, config, actor, { field: 'password', password }, from)
  if (address === email) throw invalid([{ path: 'email', message: 'This is already your address' }])
  await requested(db, actor, address)
}

/** Has a link sent to the address that somebody has. @throws {HttpError} 429 when asked for too often */
export async function requestVerification(db: Door, actor: UserActor): Promise<void> {
  inPerson(actor)
  await requested(db, actor, null)
}

async function requested(db: Door, actor: UserActor, address: string | null): Promise<void> {
  const wanted = { account: actor.identity.accountId, address, ctx: actor.context }
  const refused = await db.lookup(fn.request_email<{ until?: string } | null>(wanted))
  if (!refused) return
  const until = refused.until?.slice(0, 10)
  if (until)
    throw conflict(
      'email',
      `You can change it again on ${until}. Until then, your old address can undo the last change`,
    )
  throw new HttpError(429, 'We’ve already sent three links. Try again in an hour.', {
    headers: { 'Retry-After': '3600' },
  })
}
