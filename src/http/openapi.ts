import { forKeys } from '#src/access/narrowing.ts'
import type { Config } from '#src/config.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { takesKey } from '#src/http/idempotency.ts'
import { Components, type JsonSchema } from '#src/http/json-schema.ts'
import { headers, parameters, problem, problems } from '#src/http/openapi-parts.ts'
import { sentencesOf, tagged } from '#src/http/openapi-words.ts'

type Json = Record<string, unknown>

const BASE = '/api/v1'

export const documented = (endpoints: readonly Endpoint[]) => endpoints.filter(({ only }) => only !== 'page')

export const template = (path: string) =>
  BASE + path.replace(/:(\w+)(\{[^}]*\})?/g, '{$1}').replace(/\/$/, '')

export function openApi(endpoints: readonly Endpoint[], config: Config): Json {
  const components = new Components()
  const paths: Record<string, Json> = {}
  const tags = new Set<string>()
  for (const endpoint of documented(endpoints)) {
    const path = template(endpoint.path)
    tags.add(tagOf(endpoint))
    paths[path] = {
      ...paths[path],
      [endpoint.method.toLowerCase()]: new Operation(endpoint, components).describe(),
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: config.APP_NAME,
      version: 'v1',
      description: 'Records you can’t see return 404. Every error is problem+json (RFC 9457).',
    },
    servers: [{ url: config.URL_PREFIX || '/' }],
    tags: [...tags].map((name) => ({ name, description: tagged(name) })),
    paths,
    components: {
      schemas: { problem, ...components.schemas },
      parameters,
      headers,
      responses: problems,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'The access_token from POST /auth/login.',
        },
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'amb_…',
          description:
            'The secret of an API key. It has the permissions chosen for it, as long as its owner has them. It can’t ' +
            'change passwords, sign out sessions or create keys.',
        },
      },
    },
  }
}

class Operation {
  readonly #endpoint: Endpoint
  readonly #components: Components
  readonly #names: string[]
  readonly #query: JsonSchema | null
  readonly #answer: JsonSchema | null
  readonly #writes: boolean

  constructor(endpoint: Endpoint, components: Components) {
    const { method, path, query, answer } = endpoint
    this.#endpoint = endpoint
    this.#components = components
    this.#names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
    this.#query = query ? components.resolved(components.ofQuery(query)) : null
    this.#answer = answer ? components.of(answer, 'output') : null
    this.#writes = method !== 'GET'
  }

  describe(): Json {
    const { method, path, access, summary } = this.#endpoint
    const segments = path.split('/').filter(Boolean)
    const body = this.#body()
    return {
      operationId: [method.toLowerCase(), ...segments.map(spoken)].join(''),
      tags: [tagOf(this.#endpoint)],
      summary: summary ?? `${method} ${path}`,
      description: sentencesOf(this.#endpoint),
      security: securityOf(access),
      parameters: this.#parameters(),
      ...(body ? { requestBody: body } : {}),
      responses: this.#responses(),
    }
  }

  #parameters(): Json[] {
    const { properties = {}, required = [] } = (this.#query ?? {}) as {
      properties?: Record<string, JsonSchema>
      required?: string[]
    }
    const found: Json[] = this.#names.map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string', ...(/(^|_)id$/.test(name) ? { format: 'uuid' } : {}) },
    }))
    for (const [name, { description, ...schema }] of Object.entries(properties)) {
      const said = description ? { description } : {}
      const form = schema.type === 'array' ? { style: 'form', explode: false } : {}
      found.push({ name, in: 'query', required: required.includes(name), ...said, ...form, schema })
    }
    const shared = [
      this.#endpoint.csv && 'format',
      this.#changes && 'ifMatch',
      takesKey(this.#endpoint) && 'idempotencyKey',
    ]
    for (const name of shared) if (name) found.push({ $ref: `#/components/parameters/${name}` })
    return found
  }

  #body(): Json | null {
    const { body, upload } = this.#endpoint
    const schema = body ? this.#components.of(body, 'input') : null
    if (!schema && !upload) return null
    const { properties, required } = (schema ? this.#components.resolved(schema) : {}) as JsonSchema
    const file = { type: 'string', contentMediaType: 'application/octet-stream' }
    const form = { type: 'object', properties: { ...(properties as Json), file }, required }
    return {
      // a body that may be empty is optional
      required: !upload && !body?.safeParse({}).success,
      content: {
        ...(schema && !upload ? { 'application/json': { schema } } : {}),
        ...(upload
          ? { 'multipart/form-data': { schema: form }, 'text/csv': { schema: { type: 'string' } } }
          : {}),
      },
    }
  }

  #responses(): Json {
    const { answer, status = answer ? 200 : 204, otherStatuses = [], csv } = this.#endpoint
    const successes = [status, ...otherStatuses.filter((one) => one < 300)]
    const json = this.#answer ? { 'application/json': { schema: this.#answer } } : {}
    const file = csv ? { 'text/csv': { schema: { type: 'string' } } } : {}
    const all: Json = {}
    for (const one of successes) {
      const content = one === 204 ? {} : { content: { ...json, ...file } }
      all[one] = { description: said[one] ?? 'Done', headers: this.#headers(one), ...content }
    }
    if (this.#tagged && !this.#writes) all[304] = { description: 'Not modified' }
    for (const one of this.#failures()) all[one] = { $ref: `#/components/responses/${one}` }
    return all
  }

  #headers(status: number): Json {
    const { properties = {} } = (this.#query ?? {}) as { properties?: Json }
    const names = [
      this.#tagged && status !== 204 && 'ETag',
      status === 201 && 'Location',
      'after' in properties && 'Link',
      takesKey(this.#endpoint) && 'Idempotency-Replayed',
    ].filter((name) => typeof name === 'string')
    return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
  }

  #failures(): number[] {
    const { access, body, rate, upload, otherStatuses = [] } = this.#endpoint
    const keyed = takesKey(this.#endpoint)
    const may: [number, unknown][] = [
      // any URL may be malformed
      [400, true],
      [401, true],
      [403, 'can' in access || this.#writes],
      [404, this.#names.length],
      [406, true],
      [408, this.#writes],
      [409, this.#writes && 'can' in access],
      [412, this.#changes],
      [413, this.#writes],
      [415, this.#writes],
      [422, body || upload || keyed],
      [429, rate !== 'none'],
      [500, true],
      [503, true],
    ]
    const statuses = [
      ...may.filter(([, can]) => can).map(([status]) => status),
      ...otherStatuses.filter((one) => one >= 400),
    ]
    return [...new Set(statuses)].sort()
  }

  get #changes(): boolean {
    return this.#writes && this.#names.length > 0
  }

  get #tagged(): boolean {
    if (!this.#writes) return this.#answer !== null
    const answer = this.#answer && this.#components.resolved(this.#answer)
    return answer !== null && 'version' in ((answer.properties ?? {}) as Json)
  }
}

const tagOf = ({ path }: Endpoint) => path.split('/')[1] || 'start'

const said: Record<number, string> = { 200: 'OK', 201: 'Created', 202: 'Accepted', 204: 'Done' }

const spoken = (segment: string) => {
  const words = segment.replace(/^:(\w+).*/, 'by-$1').split(/[^A-Za-z0-9]+/)
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

/** Credentials that reach an endpoint: API keys unless it is for people alone. */
function securityOf(access: Endpoint['access']): Json[] {
  if ('public' in access) return []
  const inPerson = 'can' in access ? !forKeys(access.can) : access.signedIn === 'in person'
  return [{ bearer: [] }, ...(inPerson ? [] : [{ apiKey: [] }])]
}
