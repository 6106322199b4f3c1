import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { Actor, Identity } from '#src/access/actor.ts'
import type { Cookies } from '#src/http/cookies.ts'
import type { Endpoint, Services } from '#src/http/endpoint.ts'
import type { Intake } from '#src/http/intake.ts'
import type { clientIp } from '#src/http/ip-ranges.ts'
import type { Limits } from '#src/http/limits.ts'
import type { Origins } from '#src/http/origins.ts'
import type { NavigationItem } from '#src/ui/frame.ts'

export type Env = { Bindings: HttpBindings }

export type Outside = Services & {
  cookies: Cookies
  limits: Limits | null
  intake: Intake
  origins: Origins
  asset: (name: string) => string
  navigation: (actor: Actor) => Omit<NavigationItem, 'current'>[]
  seen: (identity: Identity, ip: string | null) => void
  used: (actor: Actor) => void
  denied: (actor: Actor, wanted: string, path: string) => Promise<void>
  clientIp: ReturnType<typeof clientIp>
}

export type AppContext = Outside & {
  endpoint: (method: Endpoint['method'], path: string) => Endpoint | undefined
  pageOf: (endpoint: Endpoint) => Endpoint | undefined
  validate: (endpoint: Endpoint, c: Context) => Promise<void>
  fetch: (request: Request, env: HttpBindings) => Promise<Response>
}
