import type { Context } from 'hono'
import type { Grant } from '#src/access/grant.ts'
import type { Call } from '#src/http/endpoint.ts'
import { isSearch, searchIn, without } from '#src/http/search-step.ts'
import type { Visit } from '#src/http/visit.ts'
import { isQuestion } from '#src/ui/question.ts'

const valid = (c: Context, target: 'param' | 'query') =>
  c.req.valid(target as never) as Record<string, string> | undefined

export function callOf(visit: Visit, grant: Grant | undefined, fields: Record<string, unknown>): Call {
  const { c, app, info, actor } = visit
  const { csrf_token: _, _method, version: __, ...rest } = fields
  const names = Object.keys(rest).filter((name) => !isSearch(name) && !isQuestion(name))
  const rawBody = Object.fromEntries(names.map((name) => [name, without(fields, name)]))
  Object.setPrototypeOf(rawBody, null)
  return {
    c,
    services: app,
    db: app.db,
    actor,
    grant,
    id: (name: string = 'id') => valid(c, 'param')?.[name],
    query: valid(c, 'query'),
    body: undefined,
    rawBody,
    find: searchIn(fields),
    file: undefined,
    version: null,
    request: { id: info.id, ip: info.ip, userAgent: c.req.header('user-agent') ?? '', via: info.via },
  } as unknown as Call
}
