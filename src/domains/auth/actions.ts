import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { Forbidden } from '#src/access/grant.ts'
import type { Config } from '#src/config.ts'
import type { Door } from '#src/db/database.ts'
import { newToken, tokenHash } from '#src/http/cookies.ts'
import { HttpError, invalid } from '#src/http/errors.ts'
import { hashPassword, outdated, verifyPassword } from '#src/platform/passwords.ts'

/** Where a sign-in comes from; `device` is the cookie of a browser that somebody signed in with before. */
export type Origin = {
  id: string
  ip: string | null
  userAgent: string
  via: 'web' | 'api'
  device?: string | null
}

/** What the database knows of a name, or of an account. */
type Found = {
  account?: string
  passwordHash?: string | null
  changed?: string | null
  active?: boolean
  org?: string | null
  user?: string | null
  lockedMs: number | null
}

/** Somebody who has just proved who they are, and when. */
export type Proved = { account: string; org: string; user: string; at: string }

const wrong = () =>
  new HttpError(401, 'User name or password is wrong.', { title: 'Not signed in', type: 'wrong-credentials' })

function locked(ms: number): HttpError {
  const seconds = Math.max(1, Math.ceil(ms / 1000))
  return new HttpError(429, 'Too many wrong passwords. Try again later.', {
    headers: { 'Retry-After': String(seconds) },
  })
}

const deviceOf = ({ device }: Origin) => (device ? tokenHash(device) : null)

/**
 * Verifies name and password and opens a session. Known, unknown, disabled and locked names take the same
 * steps: one look-up, one hash, one write.
 * @returns the session's token and, for a browser, that of the device, which are stored nowhere
 * @throws {HttpError} 401 alike for every cause; 429 while the name is locked
 */
export async function signIn(
  db: Door,
  config: Config,
  { name, password, organization }: { name: string; password: string; organization: string | null },
  kind: 'browser' | 'token',
  from: Origin,
): Promise<{ token: string; device: string | null }> {
  const found = await db.lookup<Found>('sign_in_lookup', [name, organization, deviceOf(from)])
  const { account, org, user } = found
  const at = await proved(db, { found, password, from })
  if (!at || !account || !org || !user) throw await failed(db, config, { name, account, from })
  return openSession(db, config, { account, org, user, at }, kind, from)
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
  { field, password }: { field: string; password: string },
  from: Origin,
): Promise<{ at: string; email: string }> {
  const { accountId, impersonatorId } = actor.identity
  if (impersonatorId) throw new Forbidden('account', 'This is for the person alone.')
  const found = await db.lookup<Found & { username: string; email: string }>('account_lookup', [
    accountId,
    deviceOf(from),
  ])
  const at = await proved(db, { found, password, from })
  if (at) return { at, email: found.email }
  const error = await failed(db, config, { name: found.username, account: accountId, from })
  throw error.status === 401 ? invalid([{ path: field, message: 'is wrong' }]) : error
}

type Attempt = { found: Found; password: string; from: Origin }

/** When the password was proved right; null where it wasn't, or proves nothing now. */
async function proved(db: Door, { found, password, from }: Attempt): Promise<string | null> {
  const { account, passwordHash = null, changed, active, lockedMs } = found
  const matches = await verifyPassword(passwordHash, password)
  if (!matches || !passwordHash || !active || lockedMs || ('org' in found && !found.org)) return null
  const becomes = outdated(passwordHash) ? await hashPassword(password) : null
  return db.lookup('sign_in_passed', [account, deviceOf(from), changed, passwordHash, becomes])
}

/** Counts it, and says no more than that. */
async function failed(
  db: Door,
  { LOCKOUT_ATTEMPTS, LOCKOUT_MINUTES }: Config,
  { name, account, from }: { name: string; account: string | null | undefined; from: Origin },
): Promise<HttpError> {
  const counted = [name, account ?? null, LOCKOUT_ATTEMPTS, LOCKOUT_MINUTES, from.id, from.ip, deviceOf(from)]
  const lockedMs = await db.lookup<number>('sign_in_failed', counted)
  return lockedMs > 0 ? locked(lockedMs) : wrong()
}

/** @throws {HttpError} 401 where the account changed or was disabled since */
async function openSession(
  db: Door,
  config: Config,
  { account, org, user, at }: Proved,
  kind: 'browser' | 'token',
  from: Origin,
): Promise<{ token: string; device: string | null }> {
  const token = newToken()
  const device = kind === 'browser' ? newToken() : null
  const context = JSON.stringify({ org, user, via: from.via, request: from.id, ip: from.ip ?? undefined })
  const session = [kind, tokenHash(token), from.ip, from.userAgent, config.SESSION_MAX_DAYS]
  const known = [deviceOf(from), device && tokenHash(device)]
  try {
    await db.lookup('open_session', [
      account,
      org,
      user,
      ...session,
      config.SESSION_IDLE_HOURS,
      context,
      at,
      ...known,
    ])
  } catch (error) {
    throw (error as { code?: string }).code === '28000' ? wrong() : error
  }
  return { token, device }
}

/** Ends the session of whoever asks. */
export async function signOut(db: Door, actor: UserActor): Promise<void> {
  const { sessionId } = actor.identity
  await db.withActor(actor, async (tx) => {
    await tx.updateTable('sessions').set({ revoked_at: sql`now()` }).where('id', '=', sessionId).execute()
    await sql`select app.record_event('auth:sign_out', 'session', ${sessionId}, '{}')`.execute(tx)
  })
}
