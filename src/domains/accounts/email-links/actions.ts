import type { UserActor } from '#src/access/actor.ts'
import type { Config } from '#src/config.ts'
import type { Door } from '#src/db/database.ts'
import { UniqueViolation } from '#src/db/errors.ts'
import { fn } from '#src/db/functions.ts'
import { hashChosen } from '#src/domains/accounts/account.ts'
import { deadLink, openLink } from '#src/domains/accounts/link.ts'
import { contextOf, deviceOf, type Origin } from '#src/domains/accounts/origin.ts'
import { provePassword } from '#src/domains/accounts/proof.ts'
import { conflict } from '#src/errors.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'

/**
 * Runs what a link is for.
 * @throws {NotFound} where somebody else used it first, {Conflict} for an address that is taken
 */
async function used(link: Promise<boolean | null>): Promise<void> {
  const done = await link.catch((error: unknown) => {
    throw error instanceof UniqueViolation ? conflict('email', 'already has an account') : error
  })
  if (!done) throw deadLink()
}

/**
 * Confirms the address of an account, or the one that it is to have, by the link and the account's password: whoever
 * reads the mail may not be who set the account up. Every session ends but that of the browser it is done in.
 * @returns its new token
 * @throws {NotFound}, {Conflict}, {Invalid} for a wrong password, {TooMany} while locked
 */
export async function verifyEmail(
  db: Door,
  config: Config,
  { token, password }: { token: string; password: string },
  by: { actor: UserActor | null; from: Origin },
): Promise<string | null> {
  const { hash, account } = await openLink(db, token, 'verify_email', 'change_email')
  if (!account) throw deadLink()
  const proving = provePassword(db, config, account, { field: 'password', password }, by.from)
  const { at } = await proving.catch(async (error: unknown) => {
    // somebody else used it while the password was looked at
    await openLink(db, token, 'verify_email', 'change_email')
    throw error
  })
  const session = sessionOf(by.actor, account)
  const renewed = session === null ? null : newToken()
  const goesOn = { session, renewed: renewed === null ? null : tokenHash(renewed), device: deviceOf(by.from) }
  await used(db.lookup(fn.verify_email({ token: hash, proved: at, ...goesOn, ctx: contextOf(by.from) })))
  return renewed
}

/** The session of a browser in which the account's person acts. */
function sessionOf(actor: UserActor | null, account: string): string | null {
  if (actor?.kind !== 'user') return null
  const { accountId, sessionKind, sessionId } = actor.identity
  return accountId === account && sessionKind === 'browser' ? sessionId : null
}

/**
 * Gives an account its old address back, and another password: who changed it knew the one that was.
 * @throws {NotFound}, {Conflict}, {Invalid} for a weak password
 */
export async function undoEmail(
  db: Door,
  config: Config,
  { token, password }: { token: string; password: string },
  from: Origin,
): Promise<void> {
  const { hash, username, email } = await openLink(db, token, 'undo_email')
  const chosen = await hashChosen(config, password, [username, email])
  await used(db.lookup(fn.undo_email({ token: hash, becomes: chosen, ctx: contextOf(from) })))
}

/** Lets a locked name sign in again at once. @throws {NotFound} */
export async function unlockByLink(db: Door, token: string, from: Origin): Promise<void> {
  const { hash } = await openLink(db, token, 'unlock')
  await used(db.lookup(fn.unlock_by_link({ token: hash, ctx: contextOf(from) })))
}
