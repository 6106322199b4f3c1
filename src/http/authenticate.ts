import type { Context } from 'hono'
import { type Identity, UserActor, type Via } from '#src/access/actor.ts'
import { isApiKey } from '#src/access/api-key.ts'
import type { RightsCache } from '#src/access/rights.ts'
import { type Cookies, cookieValues } from '#src/http/cookies.ts'
import { challenge, HttpError } from '#src/http/errors.ts'
import { within } from '#src/http/ip-ranges.ts'
import type { Visit } from '#src/http/visit.ts'
import { isOfProgram } from '#src/http/wanted.ts'
import { isToken } from '#src/platform/token.ts'

/** Identifies the caller, and counts anonymous calls too. @throws {HttpError} 401, 429 */
export async function identify(visit: Visit): Promise<void> {
  const { c, byMethod, counting } = visit
  const { rate = 'api' } = byMethod.get(c.req.method === 'HEAD' ? 'GET' : c.req.method) ?? {}
  // health checks don't depend on a credential
  if (rate === 'none') return
  try {
    await find(visit)
  } finally {
    if (rate === 'api' && isOfProgram(visit)) await counting.call(visit.actor)
  }
}

async function find(visit: Visit): Promise<void> {
  const { c, app, info } = visit
  visit.credential = credentialOf(c, app.cookies)
  const via = { via: info.via, requestId: info.id, ip: info.ip } as const
  visit.actor = await authenticate(visit.credential, app.rights, via)
  if (visit.actor) app.seen(visit.actor.identity, info.ip)
}

/** The one credential of a request: a session cookie, a bearer token, or an API key. */
export type Credential = { kind: 'cookie' | 'bearer' | 'api_key'; token: string }

function credentialOf(c: Context, cookies: Cookies): Credential | null {
  const authorization = c.req.header('authorization')
  const values = cookieValues(c, cookies.session)
  if (authorization !== undefined) {
    const token = /^Bearer ([^\s]+)$/i.exec(authorization)?.[1]
    if (values.length > 0)
      throw unauthenticated('Send either the session’s cookie or a bearer token, not both.')
    if (!token) throw unauthenticated('The Authorization header has to be “Bearer” and one token.')
    if (isToken(token)) return { kind: 'bearer', token }
    if (isApiKey(token)) return { kind: 'api_key', token }
    throw unauthenticated('The bearer token is neither an access token nor an API key.')
  }
  const [token = ''] = values
  return values.length === 1 && isToken(token) ? { kind: 'cookie', token } : null
}

const credentials: Record<Identity['sessionKind'], Credential['kind']> = {
  browser: 'cookie',
  impersonation: 'cookie',
  token: 'bearer',
  api_key: 'api_key',
}

async function authenticate(
  credential: Credential | null,
  rights: RightsCache,
  via: Via,
): Promise<UserActor | null> {
  if (!credential) return null
  const { token, kind } = credential
  const identity = await rights.identify(token)
  if (!identity || credentials[identity.sessionKind] !== kind) {
    if (kind === 'cookie') return null
    throw unauthenticated(ENDED)
  }
  const actor = new UserActor(identity, via, async () => {
    const now = await rights.identifyNow(token)
    return now && fromHere(now, via) ? now : null
  })
  if (!fromHere(identity, via)) throw new Displaced(actor)
  return actor
}

function fromHere({ apiKey }: Identity, { ip }: Via): boolean {
  const addresses = apiKey?.addresses ?? []
  return !addresses.length || within(addresses, ip)
}

const ENDED = 'The bearer token is unknown, was revoked or has expired.'

export const unauthenticated = (why = 'You are not signed in.') =>
  new HttpError(401, why, { headers: challenge })

/** An API key used from an IP address that it doesn't allow: an ordinary 401, but recorded in the trail. */
export class Displaced extends HttpError {
  readonly wanted = 'api_key:address'
  readonly actor: UserActor
  constructor(actor: UserActor) {
    super(401, ENDED, { headers: challenge })
    this.actor = actor
  }
}
