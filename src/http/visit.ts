import type { Context } from 'hono'
import type { Actor } from '#src/access/actor.ts'
import type { AppContext, Env } from '#src/http/app-context.ts'
import type { Credential } from '#src/http/authenticate.ts'
import { Counting } from '#src/http/counting.ts'
import { FormTokens } from '#src/http/csrf.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import type { Wanted } from '#src/http/negotiation.ts'
import { RequestInfo } from '#src/http/request-info.ts'
import type { Frame } from '#src/ui/frame.ts'

export type ByMethod = ReadonlyMap<string, Endpoint>

/** A request's progress: each step stores its findings, so that a refusal can use them. */
export type Visit = {
  readonly c: Context<Env>
  readonly app: AppContext
  readonly info: RequestInfo
  readonly byMethod: ByMethod
  readonly counting: Counting
  readonly forms: FormTokens
  wanted: Wanted | null
  csv: boolean
  credential: Credential | null
  actor: Actor | null
  pairs: [name: string, value: string][]
  fields: Record<string, unknown> | null
  endpoint: Endpoint | null
  frame: Frame | null
}

const NO_ENDPOINT: ByMethod = new Map()

/** @param api `/api` or `/api/v1`, where it came that way */
export function visitOf(
  c: Context<Env>,
  app: AppContext,
  api: string,
  byMethod: ByMethod = NO_ENDPOINT,
): Visit {
  const info = new RequestInfo(c, app, api)
  return {
    c,
    app,
    info,
    byMethod,
    counting: new Counting(c, app, info),
    forms: new FormTokens(c, app, api),
    wanted: null,
    csv: false,
    credential: null,
    actor: null,
    pairs: [],
    fields: null,
    endpoint: null,
    frame: null,
  }
}

/** What form tokens are bound to: the cookie and, away from home, the organization; null once the session ended. */
export function sessionOf({ actor, credential }: Visit): string | null {
  if (!actor || credential?.kind !== 'cookie') return null
  const { home, organization } = actor.identity
  return home ? `${credential.token} ${organization.id}` : credential.token
}
