import type { Context, Hono } from 'hono'
import type { Endpoint } from '#src/http/endpoint.ts'
import { HttpError, notFound } from '#src/http/errors.ts'
import { Handling } from '#src/http/handling.ts'
import type { Env, Surroundings } from '#src/http/surroundings.ts'

const APIS = ['/api', '/api/v1']

/**
 * Puts the route table on Hono: each endpoint at its path, and the same below /api and /api/v1 with JSON as the
 * default. A form posts everything; `_method` then names the endpoint of that path.
 * @throws when an endpoint says neither who may nor why everybody may, lets everybody write without a limit of its
 * own, or stands there twice
 */
export function mount(app: Hono<Env>, endpoints: readonly Endpoint[], around: Surroundings): void {
  const table = new Map<string, Map<string, Endpoint>>()
  for (const endpoint of endpoints) {
    const { access, method, path, rate } = endpoint
    if (!('can' in access || 'signedIn' in access || ('public' in access && access.public))) {
      throw new Error(`${method} ${path} does not say who may`)
    }
    if ('public' in access && method !== 'GET' && rate === 'api')
      throw new Error(`${method} ${path} does not say what attempts of everybody count as`)
    const byMethod = table.get(path) ?? new Map<string, Endpoint>()
    if (byMethod.has(method)) throw new Error(`${method} ${path} stands twice in the route table`)
    table.set(path, byMethod.set(method, endpoint))
  }
  for (const api of around.config.CORS_ORIGINS.length ? APIS : [])
    app.options(`${api}/*`, async (c, next) => around.origins.preflight(c) ?? next())
  for (const [path, byMethod] of table) {
    const any = [...byMethod.values()]
    if (any.some((endpoint) => endpoint.only !== 'api')) route(app, path, byMethod, around, '')
    if (any.some((endpoint) => endpoint.only !== 'page'))
      for (const api of APIS) route(app, path, byMethod, around, api)
  }
  app.notFound((c) => new Handling(c, around, api(c, around)).refuse(notFound()))
  app.onError((error, c) =>
    new Handling(c as Context<Env>, around, api(c as Context<Env>, around)).fail(error),
  )
}

const api = (c: Context<Env>, { config }: Surroundings) =>
  APIS.findLast((prefix) => c.req.path.startsWith(`${config.URL_PREFIX}${prefix}/`)) ?? ''

function route(
  app: Hono<Env>,
  path: string,
  all: Map<string, Endpoint>,
  around: Surroundings,
  api: string,
): void {
  const here = [...all].filter(([, { only }]) => only !== (api ? 'page' : 'api'))
  const byMethod = new Map(here)
  const linked = path.includes('/:token')
  const answer = async (c: Context<Env>) => {
    const response = await new Handling(c, around, api).handle(byMethod)
    // whatever such a page leads to isn't told its address
    if (linked) response.headers.set('Referrer-Policy', 'no-referrer')
    return response
  }
  const methods = new Set(byMethod.keys())
  if (!api && ['PUT', 'PATCH', 'DELETE'].some((method) => methods.has(method))) methods.add('POST')
  app.on([...methods], api + path, answer)
  const allow = [...methods, ...(methods.has('GET') ? ['HEAD'] : [])].join(', ')
  app.all(api + path, (c) =>
    new Handling(c, around, api).refuse(new HttpError(405, `Use ${allow}.`, { headers: { Allow: allow } })),
  )
}
