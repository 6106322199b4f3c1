import type { UserActor } from '#src/access/actor.ts'
import type { Config } from '#src/config.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import type { Known } from '#src/domains/accounts/code.ts'
import { deviceOf, type Origin } from '#src/domains/accounts/origin.ts'
import { Forbidden, invalid, TooMany, WrongCredentials, wait } from '#src/errors.ts'
import { hashPassword, outdated, verifyPassword } from '#src/platform/passwords.ts'

/** What the database knows of a name, or of an account. */
export type SignInFacts = Partial<Known> & {
  passwordHash?: string | null
  changed?: string | null
  active?: boolean
  org?: string | null
  user?: string | null
  lockedMs: number | null
}

/** Somebody who has just proved who they are by a password, and when. */
export type Proved = { account: string; org: string; user: string; at: string }

export const wrong = () => new WrongCredentials('Wrong user name or password.')

function locked(ms: number): TooMany {
  const seconds = Math.max(1, Math.ceil(ms / 1000))
  return new TooMany(`Too many wrong passwords. Try again in ${wait(seconds)}.`, seconds)
}

/** Who acts in person, by their account. @throws {Forbidden} for who acts as somebody else, or by a key */
export function inPerson({ kind, identity: { accountId, impersonatorId } }: UserActor): string {
  if (kind === 'user' && accountId && !impersonatorId) return accountId
  throw new Forbidden('account', 'Only the person themselves can do this.')
}

/**
 * Asks somebody who is signed in for their password again, before what an open session alone shall not do.
 * @returns when that was, and their address
 * @throws {Invalid} at the field, counted like a sign-in that failed; {TooMany} while locked
 */
export async function reauthenticate(
  db: Door,
  config: Config,
  actor: UserActor,
  given: { field: string; password: string },
  from: Origin,
): Promise<{ at: string; email: string }> {
  return provePassword(db, config, inPerson(actor), given, from)
}

/** The same of an account that is named otherwise: by a link that went to its address. */
export async function provePassword(
  db: Door,
  config: Config,
  account: string,
  { field, password }: { field: string; password: string },
  from: Origin,
): Promise<{ at: string; email: string }> {
  const asked = { account, device: deviceOf(from) }
  const found = await db.lookup(fn.account_lookup<SignInFacts & { username: string; email: string }>(asked))
  const at = await proved(db, { found, password, from })
  if (at) return { at, email: found.email }
  const error = await failed(db, config, { name: found.username, account, from })
  throw error instanceof WrongCredentials
    ? invalid([{ path: field, message: 'That password isn’t right' }])
    : error
}

type Attempt = { found: SignInFacts; password: string; from: Origin }

/** When the password was proved right; null where it wasn't, or proves nothing now. */
export async function proved(db: Door, { found, password, from }: Attempt): Promise<string | null> {
  const { account, passwordHash = null, changed, active, lockedMs } = found
  const matches = await verifyPassword(passwordHash, password)
  if (!matches || !passwordHash || !active || lockedMs || ('org' in found && !found.org)) return null
  const becomes = outdated(passwordHash) ? await hashPassword(password) : null
  const passed = {
    account: account ?? null,
    device: deviceOf(from),
    changed: changed ?? null,
    was: passwordHash,
    becomes,
  }
  return db.lookup(fn.sign_in_passed(passed))
}

/** Counts it, and says no more than that. */
export async function failed(
  db: Door,
  { LOCKOUT_ATTEMPTS, LOCKOUT_MINUTES }: Config,
  { name, account, from }: { name: string; account: string | null | undefined; from: Origin },
): Promise<WrongCredentials | TooMany> {
  const limits = { attempts: LOCKOUT_ATTEMPTS, minutes: LOCKOUT_MINUTES }
  const by = { request: from.id, ip: from.ip, device: deviceOf(from) }
  const lockedMs = await db.lookup(fn.sign_in_failed({ name, account: account ?? null, ...limits, ...by }))
  return lockedMs ? locked(lockedMs) : wrong()
}
