import { createHmac, randomBytes } from 'node:crypto'
import type { Identity } from '#src/access/actor.ts'
import { identityFrom, type SessionFacts } from '#src/access/rights.ts'
import type { Config } from '#src/config.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { contextOf, type Origin } from '#src/domains/accounts/origin.ts'
import { WrongCredentials } from '#src/errors.ts'
import { rateKey } from '#src/http/ip-ranges.ts'
import { isToken, newToken, tokenHash } from '#src/platform/token.ts'

/** What a program acts with for some minutes, and what it gets the next with, both stored nowhere; and whose they are. */
export type Tokens = { access: string; refresh: string; identity: Identity }

const lives = ({ ACCESS_TOKEN_EXPIRE_MINUTES, REFRESH_TOKEN_EXPIRE_DAYS }: Config) => ({
  minutes: ACCESS_TOKEN_EXPIRE_MINUTES,
  days: REFRESH_TOKEN_EXPIRE_DAYS,
})

/** One and the same for a token that was used, is too old, is of a session that has ended, or never was. */
const deadToken = () =>
  new WrongCredentials(
    'This refresh token was already used or has expired, or its session has ended. Sign in again.',
    'dead-refresh-token',
  )

/**
 * Lets the session that was just opened, or got another token, be renewed.
 * @throws {WrongCredentials} where it has ended
 */
export async function renewable(db: Door, config: Config, access: string): Promise<Tokens> {
  const refresh = newToken()
  const added = { access: tokenHash(access), refresh: tokenHash(refresh), ...lives(config) }
  const found = await db.lookup(fn.add_refresh_token<SessionFacts | null>(added))
  if (!found) throw deadToken()
  return { access, refresh, identity: identityFrom(found) }
}

const keyed = ({ SECRET_KEY }: Config, ...parts: readonly string[]) =>
  createHmac('sha256', SECRET_KEY).update(parts.join('\n'))

/**
 * The tokens that take another's place, made from it so that they can be told once more and are stored nowhere. What the
 * database has, the token from before and `SECRET_KEY` are all needed, and the salt goes when they are used.
 */
const madeFrom = (config: Config, token: string, salt: string) => ({
  access: keyed(config, 'refreshed access', token, salt).digest('base64url'),
  refresh: keyed(config, 'refreshed refresh', token, salt).digest('base64url'),
})

/** Who asks with a token: the same program at the same address, of which the table tells neither. */
const askedBy = (config: Config, token: string, { ip, userAgent }: Origin) =>
  keyed(config, 'refresh asked', token, rateKey(ip), userAgent).digest()

type Refreshed = { actor: SessionFacts; salt: string }

/**
 * Gives a session other tokens for the one to renew it with, which is used up. Used again, it ends the session; whoever
 * has just used it and asks again, since the answer was lost or another tab asked, too, gets the same ones.
 * @throws {WrongCredentials} alike for every cause
 */
export async function refresh(db: Door, config: Config, token: string, from: Origin): Promise<Tokens> {
  if (!isToken(token)) throw deadToken()
  const salt = randomBytes(32).toString('hex')
  const fresh = madeFrom(config, token, salt)
  const hashes = { was: tokenHash(token), access: tokenHash(fresh.access), refresh: tokenHash(fresh.refresh) }
  const asking = { asked: askedBy(config, token, from), salted: Buffer.from(salt, 'hex') }
  const renewing = { ...hashes, ...asking, ...lives(config), ctx: contextOf(from) }
  const found = await db.lookup(fn.refresh_session<Refreshed | null>(renewing)).catch((error) => {
    throw (error as { code?: string }).code === '28000' ? deadToken() : error
  })
  if (!found) throw deadToken()
  return { ...madeFrom(config, token, found.salt), identity: identityFrom(found.actor) }
}
