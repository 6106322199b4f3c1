import type { Context, Hono } from 'hono'
import { notFound } from '#src/errors.ts'
import type { AppContext, Env, Outside } from '#src/http/app-context.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { HttpError, httpError } from '#src/http/errors.ts'
import { answerFailure } from '#src/http/failure.ts'
import { filled } from '#src/http/refused-form.ts'
import { handle, refuse } from '#src/http/request-handler.ts'
import { validatorsOf } from '#src/http/validators.ts'
import { visitOf } from '#src/http/visit.ts'

const nothing = async () => {}

const APIS = ['/api', '/api/v1']

/** Mounts each endpoint at its path, and below /api and /api/v1 with JSON by default; forms post with `_method`. */
export function mount(app: Hono<Env>, endpoints: readonly Endpoint[], given: Outside): void {
  const table = new Map<string, Map<string, Endpoint>>()
  for (const endpoint of endpoints) {
    const { access, method, path, rate } = endpoint
    if (!('can' in access || 'signedIn' in access || ('public' in access && access.public))) {
      throw new Error(`${method} ${path} does not say who can use it`)
    }
    if ('public' in access && method !== 'GET' && rate === 'api')
      throw new Error(`${method} ${path} does not say what attempts by anyone count as`)
    const byMethod = table.get(path) ?? new Map<string, Endpoint>()
    if (byMethod.has(method)) throw new Error(`${method} ${path} stands twice in the route table`)
    table.set(path, byMethod.set(method, endpoint))
  }
  const validators = new Map(endpoints.map((endpoint) => [endpoint, validatorsOf(endpoint)]))
  const context: AppContext = {
    ...given,
    endpoint: (method, path) => table.get(path)?.get(method),
    pageOf: (endpoint) => pageOf(endpoint, table),
    validate: async (endpoint, c) => {
      for (const validator of validators.get(endpoint) ?? []) await validator(c, nothing)
    },
    fetch: async (request, env) => app.fetch(request, env),
  }
  for (const api of context.config.CORS_ORIGINS.length ? APIS : [])
    app.options(`${api}/*`, async (c, next) => context.origins.preflight(c) ?? next())
  for (const [path, byMethod] of [...table].sort(([a], [b]) => shapeOf(a).localeCompare(shapeOf(b)))) {
    const any = [...byMethod.values()]
    if (any.some((endpoint) => endpoint.only !== 'api')) route(app, path, byMethod, context, '')
    if (any.some((endpoint) => endpoint.only !== 'page'))
      for (const api of APIS) route(app, path, byMethod, context, api)
  }
  app.notFound((c) => refuse(visitOf(c, context, api(c, context)), httpError(notFound())))
  app.onError((error, c: Context<Env>) => answerFailure(visitOf(c, context, api(c, context)), error))
}

/** Sorts `/users/me` before `/users/:id`, wherever the two are declared. */
const shapeOf = (path: string) =>
  path
    .split('/')
    .map((part) => (part.startsWith(':') ? 1 : 0))
    .join('')

function pageOf({ path, on }: Endpoint, table: ReadonlyMap<string, Map<string, Endpoint>>) {
  for (let at = on ?? path; ; at = at.slice(0, at.lastIndexOf('/')) || '/') {
    const page = table.get(at)?.get('GET')
    if (page && (page.only === undefined || page.only === 'page')) return page
    if (at === '/') return undefined
  }
}

const api = (c: Context<Env>, { config }: AppContext) =>
  APIS.findLast((prefix) => c.req.path.startsWith(`${config.URL_PREFIX}${prefix}/`)) ?? ''

function route(
  app: Hono<Env>,
  path: string,
  all: Map<string, Endpoint>,
  context: AppContext,
  api: string,
): void {
  const here = [...all].filter(([, { only }]) => only !== (api ? 'page' : 'api'))
  const byMethod = new Map(here)
  const linked = path.includes('/:token')
  const answer = async (c: Context<Env>) => {
    const response = await handle(visitOf(c, context, api, byMethod))
    // hides the URL of a one-time link from what the page links to
    if (linked) response.headers.set('Referrer-Policy', 'no-referrer')
    return response
  }
  const methods = new Set(byMethod.keys())
  if (!api && ['PUT', 'PATCH', 'DELETE'].some((method) => methods.has(method))) methods.add('POST')
  app.on([...methods], api + path, answer)
  const allow = [...methods, ...(methods.has('GET') ? ['HEAD'] : [])].join(', ')
  const writes = here
    .map(([, endpoint]) => endpoint)
    .find(({ only }) => only === undefined || only === 'page')
  app.all(api + path, (c) => {
    const error = new HttpError(405, `Use ${allow}.`, { headers: { Allow: allow } })
    // reloading the target of a form shows the form
    const page = !api && c.req.method === 'GET' && writes ? context.pageOf(writes)?.path : undefined
    return refuse(visitOf(c, context, api), error, page && filled(page, c))
  })
}
