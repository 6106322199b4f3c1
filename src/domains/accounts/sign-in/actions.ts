import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { Forbidden } from '#src/access/grant.ts'
import type { Config } from '#src/config.ts'
import { answer } from '#src/db/call.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { type Given, givenBy, type Known, NOTHING_GIVEN, resealed } from '#src/domains/accounts/code.ts'
import { newToken, tokenHash } from '#src/http/cookies.ts'
import { HttpError, invalid, wait } from '#src/http/errors.ts'
import { hashPassword, outdated, verifyPassword } from '#src/platform/passwords.ts'

/** Where a sign-in comes from; `device` is the cookie of a browser that somebody signed in with before. */
export type Origin = {
  id: string
  ip: string | null
  userAgent: string
  via: 'web' | 'api'
  device?: string | null
  /** What the browser says; kept at the first sign-in, where nothing was chosen. */
  whereabouts?: { timeZone?: string | undefined; locale?: string | undefined }
}

/** What the database knows of a name, or of an account. */
type Found = Partial<Known> & {
  passwordHash?: string | null
  changed?: string | null
  active?: boolean
  org?: string | null
  user?: string | null
  lockedMs: number | null
}

/** Somebody who has just proved who they are by a password, and when. */
export type Proved = { account: string; org: string; user: string; at: string }

const wrong = () =>
  new HttpError(401, 'Wrong user name or password.', { title: 'Not signed in', type: 'wrong-credentials' })

function locked(ms: number): HttpError {
  const seconds = Math.max(1, Math.ceil(ms / 1000))
  return new HttpError(429, `Too many wrong passwords. Try again in ${wait(seconds)}.`, {
    headers: { 'Retry-After': String(seconds) },
  })
}

/** Who acts in person, by their account. @throws {Forbidden} for who acts as somebody else, or by a key */
export function inPerson({ kind, identity: { accountId, impersonatorId } }: UserActor): string {
  if (kind === 'user' && accountId && !impersonatorId) return accountId
  throw new Forbidden('account', 'Only the person themselves can do this.')
}

export const deviceOf = ({ device }: Origin) => (device ? tokenHash(device) : null)

/** The session's token and, for a browser, that of the device, which are stored nowhere. */
export type Opened = { token: string; device: string | null }
type Credentials = { name: string; password: string; organization: string | null; code?: string | undefined }

/**
 * Verifies name and password, and a code where there is a second factor, and opens a session. Known, unknown, disabled
 * and locked names take the same steps: one look-up, one hash, one write.
 * @returns who it is that proved their password, where their code is lacking; they are not signed in
 * @throws {HttpError} 401 alike for every cause; 429 while the name is locked
 */
export async function signInOrAsk(
  db: Door,
  config: Config,
  { name, password, organization, code }: Credentials,
  kind: 'browser' | 'token',
  from: Origin,
): Promise<Opened | { asks: Proved }> {
  const found = await db.lookup(
    fn.sign_in_lookup<Found>({ name, place_slug: organization, device: deviceOf(from) }),
  )
  const { account, org, user } = found
  const at = await proved(db, { found, password, from })
  if (!at || !account || !org || !user) throw await failed(db, config, { name, account, from })
  const who = { account, org, user, at }
  if (!found.factor) return opened(db, config, { who, name, kind, from })
  if (!code) return { asks: who }
  return opened(db, config, { who, name, kind, from, known: found as Known, code })
}

/** The same at once. @throws {HttpError} 401 of a type of its own, too, where the code is lacking */
export async function signIn(...given: Parameters<typeof signInOrAsk>): Promise<Opened> {
  const session = await signInOrAsk(...given)
  if (!('asks' in session)) return session
  throw new HttpError(401, 'Also send the code from your authenticator app.', {
    title: 'Not signed in',
    type: 'second-factor-required',
  })
}

export type Opening = {
  who: Proved
  name: string
  kind: 'browser' | 'token'
  from: Origin
  known?: Known
  code?: string
  proof?: Buffer
}

/** @throws {HttpError} 401 for a wrong code, which counts as a failed sign-in, and where the account changed since */
export async function opened(
  db: Door,
  config: Config,
  { who, name, kind, from, known, code, proof }: Opening,
): Promise<Opened> {
  const given = known && code !== undefined ? await givenBy(config, known, code) : NOTHING_GIVEN
  try {
    const session = await openSession(db, config, who, { kind, from, given, proof: proof ?? null })
    if (known) await resealed(db, config, known)
    return session
  } catch (error) {
    const { code: why } = error as { code?: string }
    if (why === '28P01') throw await failed(db, config, { name, account: who.account, from })
    throw why === '28000' ? wrong() : error
  }
}

/**
 * Asks somebody who is signed in for their password again, before what an open session alone shall not do.
 * @returns when that was, and their address
 * @throws {HttpError} 422 at the field, counted like a sign-in that failed; 429 while locked
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
  const found = await db.lookup(fn.account_lookup<Found & { username: string; email: string }>(asked))
  const at = await proved(db, { found, password, from })
  if (at) return { at, email: found.email }
  const error = await failed(db, config, { name: found.username, account, from })
  throw error.status === 401 ? invalid([{ path: field, message: 'That password isn’t right' }]) : error
}

type Attempt = { found: Found; password: string; from: Origin }

/** When the password was proved right; null where it wasn't, or proves nothing now. */
async function proved(db: Door, { found, password, from }: Attempt): Promise<string | null> {
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
): Promise<HttpError> {
  const limits = { attempts: LOCKOUT_ATTEMPTS, minutes: LOCKOUT_MINUTES }
  const by = { request: from.id, address: from.ip, device: deviceOf(from) }
  const lockedMs = await db.lookup(fn.sign_in_failed({ name, account: account ?? null, ...limits, ...by }))
  return lockedMs ? locked(lockedMs) : wrong()
}

type How = { kind: 'browser' | 'token'; from: Origin; given: Given; proof: Buffer | null }

async function openSession(
  db: Door,
  config: Config,
  { account, org, user, at }: Proved,
  { kind, from, given, proof }: How,
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
    ...browser,
  })
  const who = { account, org, person: user, proved: at, step: given.step, recovery: given.recovery, proof }
  const where = { address: from.ip, agent: from.userAgent, context, device_was: deviceOf(from) }
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
