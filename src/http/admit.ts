import type { Actor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { Forbidden } from '#src/errors.ts'
import { unauthenticated } from '#src/http/authenticate.ts'
import type { Endpoint } from '#src/http/endpoint.ts'

/** The Grant that an endpoint requires. @throws {HttpError} 401, {Forbidden} */
export function admit({ access }: Endpoint, actor: Actor | null): Grant | undefined {
  if ('public' in access) return
  if (!actor) throw unauthenticated()
  if ('can' in access) return actor.require(access.can)
  if (access.signedIn === 'in person' && actor.kind === 'api_key')
    throw new Forbidden('in person', 'An API key can’t do this: sign in.')
}
