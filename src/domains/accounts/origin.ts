import type { Origin } from '#src/domains/accounts/sign-in/actions.ts'
import { Cookies } from '#src/http/cookies.ts'
import type { Call } from '#src/http/endpoint.ts'
import { whereaboutsOf } from '#src/http/whereabouts.ts'

/** Where a request comes from, with the browser that it may be known by. */
export const originOf = ({ c, services, request }: Pick<Call, 'c' | 'services' | 'request'>): Origin => ({
  ...request,
  device: new Cookies(services.config).deviceOf(c),
  whereabouts: whereaboutsOf(c),
})
