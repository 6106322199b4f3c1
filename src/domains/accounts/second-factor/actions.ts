import type { UserActor } from '#src/access/actor.ts'
import type { Config } from '#src/config.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { type Known, vaultOf, WRONG_CODE } from '#src/domains/accounts/code.ts'
import { deviceOf, type Origin } from '#src/domains/accounts/origin.ts'
import { inPerson } from '#src/domains/accounts/proof.ts'
import { newRecoveryCodes, recoveryHash } from '#src/domains/accounts/recovery-codes.ts'
import { newTotpSecret, stepOf, totpKey, totpUri } from '#src/domains/accounts/totp.ts'
import { Conflict, invalid, notFound } from '#src/errors.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'

const MINUTES = 15
const SECRET = 20

/** What a person is shown to set it up; nothing is kept until a code shows that they did. */
export type Begun = { secret: string; uri: string; setup: string }

/** When the account last changed hands: a set-up from before that counts no more. */
type Since = { changed: string | null }

const about = (actor: UserActor, { changed }: Since) => `set-up of ${inPerson(actor)} since ${changed}`
const shown = (config: Config, actor: UserActor, secret: Uint8Array, setup: string): Begun => {
  const uri = totpUri(config.APP_NAME, actor.identity.username, secret)
  return { secret: totpKey(uri), uri, setup }
}

export function begin(config: Config, actor: UserActor, since: Since): Begun {
  const secret = newTotpSecret()
  const ends = Buffer.from(String(Date.now() + MINUTES * 60_000))
  const sealed = vaultOf(config).seal(Buffer.concat([secret, ends]), about(actor, since))
  return shown(config, actor, secret, sealed.toString('base64url'))
}

/** The secret that was shown; null once it is too old, or somebody else's. */
function shownBefore(config: Config, actor: UserActor, since: Since, setup: string): Buffer | null {
  const opened = vaultOf(config).open(Buffer.from(setup, 'base64url'), about(actor, since))
  const ends = Number(opened?.content.subarray(SECRET).toString())
  return opened && ends > Date.now() ? opened.content.subarray(0, SECRET) : null
}

/** The same to try again with; another one where that is too old. */
export function beginAgain(config: Config, actor: UserActor, since: Since, setup: unknown): Begun {
  const secret = typeof setup === 'string' ? shownBefore(config, actor, since, setup) : null
  return secret ? shown(config, actor, secret, setup as string) : begin(config, actor, since)
}

/** A browser's session goes on under another token, since it may do more or less. */
const renewal = ({ identity }: UserActor) => (identity.sessionKind === 'browser' ? newToken() : null)
type Turned = { codes: string[]; token: string | null }

/**
 * Turns the second factor on, by a code that its app made: every other session ends.
 * @returns the recovery codes, which are shown once, and another token of a browser's session
 * @throws {Invalid} for a wrong code, {Conflict} where it took too long or there is one
 */
export async function turnOn(
  db: Door,
  config: Config,
  actor: UserActor,
  { setup, code }: { setup: string; code: string },
  from: Origin,
): Promise<Turned> {
  const account = inPerson(actor)
  const known = await db.lookup(fn.account_lookup<Known & Since>({ account, device: null }))
  const secret = shownBefore(config, actor, known, setup)
  if (!secret) throw new Conflict('That took too long. Scan the new code in your app.')
  const step = await stepOf(secret, code.replace(/\s/g, ''), known.step)
  if (step === null) throw invalid([{ path: 'code', message: WRONG_CODE }])
  const codes = newRecoveryCodes()
  const token = renewal(actor)
  const sealed = vaultOf(config).seal(secret, account)
  const hashes = codes.map((one) => recoveryHash(account, one))
  const goesOn = {
    session: actor.identity.sessionId,
    renewed: token === null ? null : tokenHash(token),
    device: deviceOf(from),
  }
  const made = { begun: known.changed, sealed, step, codes: hashes }
  const turned = fn.turn_on_second_factor({ account, ...made, ...goesOn, ctx: actor.context })
  if (await db.lookup(turned)) return { codes, token }
  throw new Conflict('Two-step verification is already on.')
}

const none = () => notFound('Two-step verification is off.')

/** Other codes in place of those that are left. @throws {NotFound} where there is no second factor */
export async function renewCodes(db: Door, actor: UserActor): Promise<string[]> {
  const account = inPerson(actor)
  const codes = newRecoveryCodes()
  const hashes = codes.map((one) => recoveryHash(account, one))
  const renewed = { account, session: actor.identity.sessionId, codes: hashes, ctx: actor.context }
  if (await db.lookup(fn.renew_recovery_codes(renewed))) return codes
  throw none()
}

/**
 * Ends the second factor, and every other session.
 * @returns another token of a browser's session
 * @throws {NotFound} where there is none
 */
export async function turnOff(db: Door, actor: UserActor, from: Origin): Promise<string | null> {
  const token = renewal(actor)
  const goesOn = {
    session: actor.identity.sessionId,
    renewed: token === null ? null : tokenHash(token),
    device: deviceOf(from),
  }
  const turned = fn.turn_off_second_factor({ account: inPerson(actor), ...goesOn, ctx: actor.context })
  if (await db.lookup(turned)) return token
  throw none()
}
