import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { causeIn } from '#src/access/cause.ts'
import type { Config } from '#src/config.ts'
import { answer } from '#src/db/call.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { givenBy, type Known, NOTHING_GIVEN, resealed, type UsedCode } from '#src/domains/accounts/code.ts'
import { deviceOf, type Origin } from '#src/domains/accounts/origin.ts'
import { failed, type Proved, proved, type SignInFacts, wrong } from '#src/domains/accounts/proof.ts'
import { WrongCredentials } from '#src/errors.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'

/** The session's token and, for a browser, that of the device, which are stored nowhere. */
export type Opened = { token: string; device: string | null }

type Credentials = { name: string; password: string; organization: string | null; code?: string | undefined }

/**
 * Verifies name and password, and a code where there is a second factor, and opens a session. Known, unknown, disabled
 * and locked names take the same steps: one look-up, one hash, one write.
 * @returns who it is that proved their password, where their code is lacking; they are not signed in
 * @throws {WrongCredentials} alike for every cause; {TooMany} while the name is locked
 */
export async function signInOrAsk(
  db: Door,
  config: Config,
  { name, password, organization, code }: Credentials,
  kind: 'browser' | 'token',
  from: Origin,
): Promise<Opened | { asks: Proved }> {
  const found = await db.lookup(
    fn.sign_in_lookup<SignInFacts>({ name, place_slug: organization, device: deviceOf(from) }),
  )
  const { account, org, user } = found
  const at = await proved(db, { found, password, from })
  if (!at || !account || !org || !user) throw await failed(db, config, { name, account, from })
  const who = { account, org, user, at }
  if (!found.factor) return opened(db, config, { who, name, kind, from })
  if (!code) return { asks: who }
  return opened(db, config, { who, name, kind, from, known: found as Known, code })
}

/** The same at once. @throws {WrongCredentials} of a type of its own, too, where the code is lacking */
export async function signIn(...given: Parameters<typeof signInOrAsk>): Promise<Opened> {
  const session = await signInOrAsk(...given)
  if (!('asks' in session)) return session
  throw new WrongCredentials('Also send the code from your authenticator app.', 'second-factor-required')
}

export type Opening = {
  who: Proved
  name: string
  kind: 'browser' | 'token'
  from: Origin
  known?: Known
  code?: string
  pending?: Buffer
}

/** @throws {WrongCredentials} for a wrong code, which counts as a failed sign-in, and where the account changed since */
export async function opened(
  db: Door,
  config: Config,
  { who, name, kind, from, known, code, pending }: Opening,
): Promise<Opened> {
  const given = known && code !== undefined ? await givenBy(config, known, code) : NOTHING_GIVEN
  try {
    const session = await openSession(db, config, who, { kind, from, given, pending: pending ?? null })
    if (known) await resealed(db, config, known)
    return session
  } catch (error) {
    const { code: why } = error as { code?: string }
    if (why === '28P01') throw await failed(db, config, { name, account: who.account, from })
    throw why === '28000' ? wrong() : error
  }
}

type How = { kind: 'browser' | 'token'; from: Origin; given: UsedCode; pending: Buffer | null }

async function openSession(
  db: Door,
  config: Config,
  { account, org, user, at }: Proved,
  { kind, from, given, pending }: How,
): Promise<Opened> {
  const token = newToken()
  const device = kind === 'browser' ? newToken() : null
  const browser = kind === 'browser' ? from.whereabouts : undefined
  const context = JSON.stringify({
    org,
    user,
    via: from.via,
    request: from.id,
    ip: from.ip ?? undefined,
    ...causeIn({ id: from.id, kind: 'request' }),
    ...browser,
  })
  const who = { account, org, person: user, proved: at, step: given.step, recovery: given.recovery, pending }
  const where = { ip: from.ip, agent: from.userAgent, context, device_was: deviceOf(from) }
  const session = {
    session_kind: kind,
    hash: tokenHash(token),
    max_days: config.SESSION_MAX_DAYS,
    idle_hours: config.SESSION_IDLE_HOURS,
    device: device === null ? null : tokenHash(device),
  }
  await db.lookup(fn.open_session({ ...who, ...where, ...session }))
  return { token, device }
}

/** Ends the session of whoever asks. */
export async function signOut(db: Door, actor: UserActor): Promise<void> {
  const { sessionId } = actor.identity
  await db.withActor(actor, async (tx) => {
    await tx.updateTable('sessions').set({ revoked_at: sql`now()` }).where('id', '=', sessionId).execute()
    const event = { name: 'auth:sign_out', type: 'session', target: sessionId, details: {} }
    await answer(tx, fn.record_event(event))
  })
}
