import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { Actor, Identity } from '#src/access/actor.ts'
import type { Cookies } from '#src/http/cookies.ts'
import type { Endpoint, Services } from '#src/http/endpoint.ts'
import type { Intake } from '#src/http/intake.ts'
import type { clientAddress } from '#src/http/ip-ranges.ts'
import type { Limits } from '#src/http/limits.ts'
import type { Origins } from '#src/http/origins.ts'
import type { NavigationItem } from '#src/ui/frame.ts'

export type Env = { Bindings: HttpBindings }

/** What the routes lean on beside their own code. */
export type Outside = Services & {
  cookies: Cookies
  /** Null where they are switched off. */
  limits: Limits | null
  intake: Intake
  origins: Origins
  asset: (name: string) => string
  navigation: (actor: Actor) => Omit<NavigationItem, 'current'>[]
  /** Marks a session as seen, or an API key as used from an address, outside of the request. */
  seen: (identity: Identity, ip: string | null) => void
  /** Marks what somebody was let through by as used, outside of the request. */
  used: (actor: Actor) => void
  /** Puts a refusal into the trail. */
  denied: (actor: Actor, wanted: string, path: string) => Promise<void>
  clientAddress: ReturnType<typeof clientAddress>
}

/** The same, with the route table that they stand in. */
export type AppContext = Outside & {
  endpoint: (method: Endpoint['method'], path: string) => Endpoint | undefined
  /** The page that the form of an endpoint stands on. */
  pageOf: (endpoint: Endpoint) => Endpoint | undefined
  /** Path and query, as the endpoint wants them. @throws {HttpError} 404, 400 */
  validate: (endpoint: Endpoint, c: Context) => Promise<void>
  fetch: (request: Request, env: HttpBindings) => Promise<Response>
}
