import type { Identity } from '#src/access/actor.ts'
import { type Found, identityFrom } from '#src/access/rights.ts'
import type { Config } from '#src/config.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import type { Origin } from '#src/domains/auth/actions.ts'
import { contextOf } from '#src/domains/auth/tokens.ts'
import { isToken, newToken, tokenHash } from '#src/http/cookies.ts'
import { HttpError } from '#src/http/errors.ts'

/** What a program acts with for some minutes, and what it gets the next with, both stored nowhere; and whose they are. */
export type Tokens = { access: string; refresh: string; identity: Identity }

const lives = ({ ACCESS_TOKEN_EXPIRE_MINUTES, REFRESH_TOKEN_EXPIRE_DAYS }: Config) => ({
  minutes: ACCESS_TOKEN_EXPIRE_MINUTES,
  days: REFRESH_TOKEN_EXPIRE_DAYS,
})

/** One and the same for a token that was used, is too old, is of a session that has ended, or never was. */
const deadToken = () =>
  new HttpError(
    401,
    'This refresh token was used already, is too old, or its session has ended: sign in again.',
    { title: 'Not signed in', type: 'dead-refresh-token' },
  )

/** Lets the session that was just opened, or got another token, be renewed. @throws {HttpError} 401 where it has ended */
export async function renewable(db: Door, config: Config, access: string): Promise<Tokens> {
  const refresh = newToken()
  const added = { access: tokenHash(access), refresh: tokenHash(refresh), ...lives(config) }
  const found = await db.lookup(fn.add_refresh_token<Found | null>(added))
  if (!found) throw deadToken()
  return { access, refresh, identity: identityFrom(found) }
}

/**
 * Gives a session other tokens for the one to renew it with, which is used up. Used again, it ends the session.
 * @throws {HttpError} 401 alike for every cause
 */
export async function refresh(db: Door, config: Config, token: string, from: Origin): Promise<Tokens> {
  if (!isToken(token)) throw deadToken()
  const tokens = { access: newToken(), refresh: newToken() }
  const hashes = {
    was: tokenHash(token),
    access: tokenHash(tokens.access),
    refresh: tokenHash(tokens.refresh),
  }
  const renewing = { ...hashes, ...lives(config), ctx: contextOf(from) }
  const found = await db.lookup(fn.refresh_session<Found | null>(renewing)).catch((error) => {
    throw (error as { code?: string }).code === '28000' ? deadToken() : error
  })
  if (!found) throw deadToken()
  return { ...tokens, identity: identityFrom(found) }
}
