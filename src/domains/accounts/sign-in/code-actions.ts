import type { Config } from '#src/config.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { type Known, WRONG_CODE } from '#src/domains/accounts/code.ts'
import { contextOf, type Origin } from '#src/domains/accounts/origin.ts'
import type { Proved } from '#src/domains/accounts/proof.ts'
import { type Opened, opened } from '#src/domains/accounts/sign-in/actions.ts'
import { invalid, WrongCredentials } from '#src/errors.ts'
import { isToken, newToken, tokenHash } from '#src/platform/token.ts'

/** Keeps that a password was right until its code follows: under a token that opens nothing. */
export async function askForCode(
  db: Door,
  { account, org, user, at }: Proved,
  from: Origin,
): Promise<string> {
  const token = newToken()
  const who = { account, org, person: user, proved: at }
  await db.lookup(fn.begin_pending_sign_in({ ...who, pending: tokenHash(token), ctx: contextOf(from) }))
  return token
}

type Tried = Proved & Known & { username: string; left: number }

const startAgain = () =>
  new WrongCredentials('That took too long, or there were too many wrong codes. Enter your password again.')

/**
 * Signs in a browser in which a password was right, by the code that was asked for.
 * @throws {Invalid} for a wrong code, {WrongCredentials} once another password is needed, {TooMany}
 *   while the name is locked
 */
export async function signInByCode(
  db: Door,
  config: Config,
  { pending, code }: { pending: string | null; code: string },
  from: Origin,
): Promise<Opened> {
  const hash = isToken(pending) ? tokenHash(pending) : null
  const known = hash && (await db.lookup(fn.try_pending_sign_in<Tried | null>({ pending: hash })))
  if (!known) throw startAgain()
  const opening = {
    who: known,
    name: known.username,
    kind: 'browser',
    from,
    known,
    code,
    pending: hash,
  } as const
  return opened(db, config, opening).catch((error: unknown) => {
    if (!(error instanceof WrongCredentials)) throw error
    throw known.left > 0 ? invalid([{ path: 'code', message: WRONG_CODE }]) : startAgain()
  })
}
