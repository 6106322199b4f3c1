import type { Context } from 'hono'
import { type Identity, UserActor, type Via } from '#src/access/actor.ts'
import type { RightsCache } from '#src/access/rights.ts'
import { type Cookies, cookieValues, isToken } from '#src/http/cookies.ts'
import { HttpError } from '#src/http/errors.ts'

/** The one credential of a request: a session's cookie, or the same kind of token as a bearer. */
export type Credential = { kind: 'cookie' | 'bearer'; token: string }

/**
 * Finds the credential, and takes none but a well-formed single one.
 * @throws {HttpError} 401 for a malformed bearer, or for two credentials
 */
export function credentialOf(c: Context, cookies: Cookies): Credential | null {
  const authorization = c.req.header('authorization')
  const values = cookieValues(c, cookies.session)
  if (authorization !== undefined) {
    const token = /^Bearer ([^\s]+)$/i.exec(authorization)?.[1]
    if (!isToken(token) || values.length > 0) throw unauthenticated()
    return { kind: 'bearer', token }
  }
  const [token = ''] = values
  return values.length === 1 && isToken(token) ? { kind: 'cookie', token } : null
}

/**
 * Exactly one actor, or none.
 * @throws {HttpError} 401 for a bearer that is nobody's
 */
export async function authenticate(
  credential: Credential | null,
  rights: RightsCache,
  via: Via,
): Promise<UserActor | null> {
  if (!credential) return null
  const identity: Identity | null = await rights.identify(credential.token)
  // a token is for programs, a browser's session for its cookie: neither opens the other's door
  if (identity && (identity.sessionKind === 'token') === (credential.kind === 'bearer'))
    return new UserActor(identity, via)
  if (credential.kind === 'bearer') throw unauthenticated()
  return null
}

export const unauthenticated = () =>
  new HttpError(401, 'You are not signed in.', { headers: { 'WWW-Authenticate': 'Bearer' } })
