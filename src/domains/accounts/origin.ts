import { causeIn } from '#src/access/cause.ts'
import { Cookies } from '#src/http/cookies.ts'
import type { Call } from '#src/http/endpoint.ts'
import { whereaboutsOf } from '#src/http/whereabouts.ts'
import { tokenHash } from '#src/platform/token.ts'

/** Where a request comes from, with the browser that it may be known by. */
export const originOf = ({ c, services, request }: Pick<Call, 'c' | 'services' | 'request'>): Origin => ({
  ...request,
  device: new Cookies(services.config).deviceOf(c),
  whereabouts: whereaboutsOf(c),
})

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

export const deviceOf = ({ device }: Origin) => (device ? tokenHash(device) : null)

/** Whoever does something to an account, for its trail. */
export const contextOf = ({ via, id, ip }: Origin) =>
  JSON.stringify({ via, request: id, ip, ...causeIn({ id, kind: 'request' }) })
