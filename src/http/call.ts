import type { Context } from 'hono'
import type { Actor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { AppContext } from '#src/http/app-context.ts'
import type { Call } from '#src/http/endpoint.ts'
import type { RequestInfo } from '#src/http/request-info.ts'
import { isSearch, searchIn } from '#src/http/search-step.ts'

type Whose = {
  c: Context
  around: AppContext
  asked: RequestInfo
  actor: Actor | null
  grant: Grant | undefined
}

/** What the endpoint's validators left. */
const valid = (c: Context, target: 'param' | 'query') =>
  c.req.valid(target as never) as Record<string, string> | undefined

/** A request as its endpoint gets it: of a form's fields, without those that it sends for us. */
export function callOf(fields: Record<string, unknown>, { c, around, asked, actor, grant }: Whose): Call {
  const { csrf_token: _, _method, version: __, ...rest } = fields
  const sent = Object.fromEntries(Object.entries(rest).filter(([name]) => !isSearch(name)))
  Object.setPrototypeOf(sent, null)
  return {
    c,
    services: around,
    db: around.db,
    actor,
    grant,
    id: (name: string = 'id') => valid(c, 'param')?.[name],
    query: valid(c, 'query'),
    body: undefined,
    sent,
    find: searchIn(fields),
    file: undefined,
    version: null,
    request: { id: asked.id, ip: asked.ip, userAgent: c.req.header('user-agent') ?? '', via: asked.via },
  } as unknown as Call
}
