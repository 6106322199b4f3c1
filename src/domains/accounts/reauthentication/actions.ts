import type { UserActor } from '#src/access/actor.ts'
import type { Config } from '#src/config.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import {
  givenBy,
  type Known,
  NOTHING_GIVEN,
  resealed,
  type UsedCode,
  WRONG_CODE,
} from '#src/domains/accounts/code.ts'
import { deviceOf, type Origin } from '#src/domains/accounts/origin.ts'
import { failed, inPerson, reauthenticate } from '#src/domains/accounts/proof.ts'
import { Conflict, invalid, WrongCredentials } from '#src/errors.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'

type PasswordOrCode = { password: string } | { code: string }

/**
 * Proves again that it is the person who acts, by their password or a code: for ten minutes they may do what is
 * dangerous. A code makes up for the second factor that a session lacks.
 * @returns another token of a browser's session, where it may do more from now on
 * @throws {Invalid} for what is wrong, counted like a sign-in that failed; {TooMany} while locked
 */
export async function reauthenticateSession(
  db: Door,
  config: Config,
  actor: UserActor,
  given: PasswordOrCode,
  from: Origin,
): Promise<string | null> {
  const account = inPerson(actor)
  const { sessionId, sessionKind, missingFactor } = actor.identity
  const token = missingFactor && 'code' in given && sessionKind === 'browser' ? newToken() : null
  const raised = (at: string | null, { step, recovery }: UsedCode) => {
    const renewed = token === null ? null : tokenHash(token)
    const goesOn = { session: sessionId, renewed, device: deviceOf(from) }
    const facts = { account, proved: at, step, recovery, ...goesOn, ctx: actor.context }
    return db.lookup(fn.reauthenticate_session(facts))
  }
  if ('password' in given) {
    const { at } = await reauthenticate(db, config, actor, { field: 'password', ...given }, from)
    if (await raised(at, NOTHING_GIVEN)) return null
    throw new Conflict('Your password was changed in the meantime.')
  }
  const asked = { account, device: deviceOf(from) }
  const known = await db.lookup(fn.account_lookup<Known & { username: string }>(asked))
  if (await raised(null, await givenBy(config, known, given.code))) {
    await resealed(db, config, known)
    return token
  }
  const error = await failed(db, config, { name: known.username, account, from })
  throw error instanceof WrongCredentials ? invalid([{ path: 'code', message: WRONG_CODE }]) : error
}
