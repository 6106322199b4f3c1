import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { asSystem } from '#src/access/system.ts'
import type { Config } from '#src/config.ts'
import type { Door } from '#src/db/database.ts'
import { Taken } from '#src/db/errors.ts'
import type { Registration } from '#src/domains/auth/model.ts'
import { newToken } from '#src/http/cookies.ts'
import { conflict, HttpError, invalid } from '#src/http/errors.ts'
import { hashPassword, outdated, verifyPassword, weakness } from '#src/platform/passwords.ts'

/** Where a sign-in comes from. */
export type Origin = { id: string; ip: string | null; userAgent: string; via: 'web' | 'api' }

type Found = {
  account?: string
  passwordHash?: string | null
  active?: boolean
  org?: string | null
  user?: string | null
  lockedMs: number | null
}

const wrong = () =>
  new HttpError(401, 'User name or password is wrong.', { title: 'Not signed in', type: 'wrong-credentials' })

function locked(ms: number): HttpError {
  const seconds = Math.max(1, Math.ceil(ms / 1000))
  return new HttpError(429, 'Too many wrong passwords. Try again later.', {
    headers: { 'Retry-After': String(seconds) },
  })
}

/**
 * Verifies name and password and opens a session. Known, unknown, disabled and locked names take the same
 * steps: one look-up, one hash, one write.
 * @returns the session's token, which is stored nowhere
 * @throws {HttpError} 401 alike for every cause; 429 while the name is locked
 */
export async function signIn(
  db: Door,
  config: Config,
  { name, password, organization }: { name: string; password: string; organization: string | null },
  kind: 'browser' | 'token',
  from: Origin,
): Promise<string> {
  const found = await db.lookup<Found>('sign_in_lookup', [name, organization])
  const matches = await verifyPassword(found.passwordHash ?? null, password)
  if (found.lockedMs) throw locked(found.lockedMs)
  const { account, org, user } = found
  if (!matches || !found.active || !account || !org || !user) {
    const values = [name, account ?? null, config.LOCKOUT_ATTEMPTS, config.LOCKOUT_MINUTES, from.id, from.ip]
    const lockedMs = matches ? 0 : await db.lookup<number>('sign_in_failed', values)
    throw lockedMs > 0 ? locked(lockedMs) : wrong()
  }
  const rehash = outdated(found.passwordHash ?? '') ? await hashPassword(password) : null
  return openSession(db, config, { account, org, user }, kind, from, rehash)
}

async function openSession(
  db: Door,
  config: Config,
  { account, org, user }: { account: string; org: string; user: string },
  kind: 'browser' | 'token',
  from: Origin,
  rehash: string | null,
): Promise<string> {
  const token = newToken()
  const hash = createHash('sha256').update(token).digest()
  const context = JSON.stringify({ org, user, via: from.via, request: from.id, ip: from.ip ?? undefined })
  const limits = [config.SESSION_MAX_DAYS, config.SESSION_IDLE_HOURS]
  try {
    await db.lookup('open_session', [
      account,
      org,
      user,
      kind,
      hash,
      rehash,
      from.ip,
      from.userAgent,
      ...limits,
      context,
    ])
  } catch (error) {
    // disabled between look-up and now
    throw (error as { code?: string }).code === '28000' ? wrong() : error
  }
  return token
}

/** Ends the session of whoever asks. */
export async function signOut(db: Door, actor: UserActor): Promise<void> {
  const { sessionId } = actor.identity
  await db.withActor(actor, async (tx) => {
    await tx.updateTable('sessions').set({ revoked_at: sql`now()` }).where('id', '=', sessionId).execute()
    await sql`select app.record_event('auth:sign_out', 'session', ${sessionId}, '{}')`.execute(tx)
  })
}

/**
 * Registers somebody in the default organization, with the role `user`.
 * @throws {HttpError} 409 for a name or address that is taken, 422 for a weak password
 */
export async function register(
  db: Door,
  config: Config,
  { username, email, password, first_name, last_name }: Registration,
  requestId: string,
): Promise<{ id: string }> {
  const weak = weakness(password, config)
  if (weak) throw invalid([{ path: 'password', message: weak }])
  const org = await db.lookup<string | null>('default_organization', [])
  if (!org) throw new HttpError(503, 'There is no organization to join yet.')
  const hash = await hashPassword(password)
  try {
    return await asSystem(
      db,
      org,
      'registration',
      async (tx) => {
        const made = await tx
          .insertInto('users')
          .values({
            account_id: sql<string>`app.create_account(${username}, ${email}, ${hash}, false)`,
            username,
            email,
            first_name,
            last_name,
          })
          .returning('id')
          .executeTakeFirstOrThrow()
        await tx
          .insertInto('user_roles')
          .columns(['user_id', 'role_id'])
          .expression((eb) =>
            eb
              .selectFrom('roles')
              .where('template', '=', 'user')
              .where('builtin', '=', true)
              .where('deleted_at', 'is', null)
              .select((s) => [s.val(made.id).$castTo<string>().as('user_id'), 'roles.id as role_id']),
          )
          .execute()
        return made
      },
      { requestId },
    )
  } catch (error) {
    if (!(error instanceof Taken)) throw error
    throw error.constraint.includes('email')
      ? conflict('email', 'has an account already')
      : conflict('username', 'is taken')
  }
}
