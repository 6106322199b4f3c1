import type { UserActor } from '#src/access/actor.ts'
import type { Config } from '#src/config.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { invalid } from '#src/errors.ts'
import { weakness } from '#src/platform/password-policy.ts'
import { hashPassword } from '#src/platform/passwords.ts'

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
 * The hash of a password that somebody chose, made before the transaction that stores it.
 * @param about what others know of the person
 * @throws {Invalid} at the field, with all that is wrong
 */
export async function hashChosen(
  config: Config,
  password: string,
  about: readonly string[],
  field = 'password',
): Promise<string> {
  const weak = await weakness(password, config, about)
  if (weak) throw invalid([{ path: field, message: weak }])
  return hashPassword(password)
}
