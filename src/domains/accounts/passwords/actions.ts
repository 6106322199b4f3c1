import type { UserActor } from '#src/access/actor.ts'
import type { Config } from '#src/config.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { hashChosen } from '#src/domains/accounts/account.ts'
import { deadLink, openLink } from '#src/domains/accounts/link.ts'
import { contextOf, type Origin } from '#src/domains/accounts/origin.ts'
import { reauthenticate } from '#src/domains/accounts/proof.ts'
import { Conflict, invalid } from '#src/errors.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'

/**
 * Another password, by whoever knows the old one: every other session ends, this one goes on under another token.
 * @returns that token
 * @throws {Invalid} for a wrong old password, which counts as a failed sign-in, or a weak new one
 */
export async function changePassword(
  db: Door,
  config: Config,
  actor: UserActor,
  { old_password, new_password }: { old_password: string; new_password: string },
  from: Origin,
): Promise<string> {
  const given = { field: 'old_password', password: old_password }
  const { at, email } = await reauthenticate(db, config, actor, given, from)
  if (new_password === old_password)
    throw invalid([{ path: 'new_password', message: 'Choose a password that differs from your current one' }])
  const { accountId, sessionId, username, name, organization } = actor.identity
  const about = [username, email, name, organization.name]
  const hash = await hashChosen(config, new_password, about, 'new_password')
  const token = newToken()
  const device = from.device ? tokenHash(from.device) : null
  const goesOn = { session: sessionId, renewed: tokenHash(token), device }
  const change = { account: accountId, proved: at, becomes: hash, ...goesOn, ctx: actor.context }
  if (!(await db.lookup(fn.change_password(change))))
    throw new Conflict('Your password was changed in the meantime.')
  return token
}

/** Has a link sent to choose another password, where there is somebody to send it to; takes as long for everybody. */
export const forgotPassword = (db: Door, name: string, from: Origin): Promise<void> =>
  db.lookup(fn.forgot_password({ name, ctx: contextOf(from) }))

/**
 * Another password, by whoever reads the account's mail: every session ends, and a lock does.
 * @throws {NotFound} for a link that no longer works, {Invalid} for a weak password
 */
export async function resetPassword(
  db: Door,
  config: Config,
  { token, password }: { token: string; password: string },
  from: Origin,
): Promise<void> {
  const { hash, username, email } = await openLink(db, token, 'reset_password')
  const chosen = await hashChosen(config, password, [username, email])
  const reset = fn.reset_password({ token: hash, becomes: chosen, ctx: contextOf(from) })
  if (!(await db.lookup(reset))) throw deadLink()
}
