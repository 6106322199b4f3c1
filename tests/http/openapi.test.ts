import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { endpoints } from '#src/app.ts'
import { can, everybody, get, post, signedIn } from '#src/http/endpoint.ts'
import { Components } from '#src/http/json-schema.ts'
import { documented, openApi, template } from '#src/http/openapi.ts'
import { listQuery } from '#src/resource/list/declaration.ts'
import { anonymous, as, send } from '#tests/client.ts'
import { conforms, type Document, openApiDocument } from '#tests/http/conformance.ts'
import { makePeople } from '#tests/people.ts'
import { testConfig, testDatabase } from '#tests/setup/database.ts'

const { anotherProcess } = await testDatabase()
const { owner } = await makePeople()

const bodyOf = (path: string, method: string) => {
  const { content } = openApiDocument.paths[`/api/v1${path}`]?.[method]?.requestBody ?? {}
  return content?.['application/json']?.schema as {
    properties: Record<string, unknown>
    required?: string[]
    additionalProperties: boolean
  }
}

describe('the document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(structuredClone(openApiDocument))
    expect([result.valid, result.errors ?? []]).toEqual([true, []])
    const wrong = { ...structuredClone(openApiDocument), paths: { '/x': { get: { parameters: 1 } } } }
    expect((await new Validator().validate(wrong)).valid).toBe(false)
  })

  test('is served to everybody, below /api too', async () => {
    const answer = await anonymous().get('/openapi.json')
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual(openApiDocument)
    for (const path of ['/api/openapi.json', '/api/v1/openapi.json']) {
      expect((await anonymous().get(path)).text).toBe(answer.text)
    }
    expect(conforms('GET', '/openapi.json', answer)).toEqual([])
  })

  test('is not there where it is switched off', async () => {
    await using off = await anotherProcess({ DOCS_ENABLED: 'false' })
    for (const path of ['/openapi.json', '/api/v1/openapi.json', '/docs', '/redoc']) {
      expect((await send(path, { headers: { Accept: '*/*' } }, off.app)).status, path).toBe(404)
      expect((await as(owner, off.app).get(path, { Accept: '*/*' })).status, path).toBe(404)
    }
  })

  test('knows the prefix', async () => {
    const config = testConfig({ URL_PREFIX: '/backoffice', APP_NAME: 'Elsewhere' })
    const document = openApi(endpoints, config)
    expect(document).toMatchObject({ servers: [{ url: '/backoffice' }], info: { title: 'Elsewhere' } })
  })

  test('has every endpoint that answers programs, and nothing else', () => {
    const ours = documented(endpoints).map(({ method, path }) => `${method} ${template(path)}`)
    const theirs = Object.entries(openApiDocument.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(theirs.sort()).toEqual(ours.sort())
    expect(ours).toContain('GET /api/v1/users/{id}')
    expect(ours).not.toContain('GET /api/v1/login')
  })

  test('names each operation once, and says who may', () => {
    const operations = Object.values(openApiDocument.paths).flatMap((methods) => Object.values(methods))
    const ids = operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const open = operations.filter(({ security }) => security.length === 0).length
    expect(open).toBe(documented(endpoints).filter(({ access }) => 'public' in access).length)
  })

  test('says by which credentials each is reached', () => {
    const by = (path: string, method: string) =>
      openApiDocument.paths[`/api/v1${path}`]?.[method]?.security.map((one) => Object.keys(one)[0])
    const inPerson = ['bearer']
    expect(by('/users', 'get')).toEqual([...inPerson, 'apiKey'])
    expect(by('/auth/me', 'get')).toEqual([...inPerson, 'apiKey'])
    expect(by('/auth/change-password', 'post')).toEqual(inPerson)
    expect(by('/api-keys', 'post')).toEqual(inPerson)
    expect(by('/auth/login', 'post')).toEqual([])
    expect(openApiDocument.components.securitySchemes?.apiKey).toMatchObject({
      type: 'http',
      scheme: 'bearer',
    })
  })

  test('says of each operation what it takes', () => {
    const of = (path: string, method: string) =>
      openApiDocument.paths[`/api/v1${path}`]?.[method]?.description ?? ''
    for (const methods of Object.values(openApiDocument.paths))
      for (const { description, operationId } of Object.values(methods))
        expect(description, operationId).toMatch(
          /^(No sign-in required: |For anyone signed in|Requires the permission \w+:\w+; ).*\.$/,
        )
    expect(of('/users', 'get')).toContain('user:read')
    expect(of('/users', 'post')).toMatch(/user:create.*Idempotency-Key/)
    expect(of('/api-keys', 'post')).toMatch(/API keys can’t use it.*POST \/auth\/confirm.*secret/)
    expect(of('/auth/login', 'post')).toMatch(/^No sign-in required: /)
  })

  test('has patterns that mean the same to programs that give no flag', () => {
    const found = JSON.stringify(openApiDocument).match(/(?<="pattern":)"(?:[^"\\]|\\.)*"/g) ?? []
    const patterns: string[] = [...new Set(found)].map((text) => JSON.parse(text))
    expect(patterns.length).toBeGreaterThan(5)
    const texts = ['', 'Zoë 👍 Łódź', 'a\u0000', 'a\u0085', 'a\nb', 'user:read:own', 'abc', 'P{Cc}']
    for (const pattern of patterns)
      for (const text of texts)
        expect(new RegExp(pattern).test(text), `${pattern} ${text}`).toBe(new RegExp(pattern, 'u').test(text))
    const named = bodyOf('/users', 'post').properties.first_name as { pattern: string }
    expect(texts.filter((text) => new RegExp(named.pattern).test(text))).toEqual(
      texts.filter((text) => !/\p{Cc}/u.test(text)),
    )
  })

  test('tells programs of what they send, and not of what only forms do', () => {
    expect(bodyOf('/groups', 'post').properties.parent_id).toEqual({
      anyOf: [{ type: 'string', format: 'uuid' }, { type: 'null' }],
    })
    expect(bodyOf('/roles', 'post').properties.second_factor_required).toEqual({ type: 'boolean' })
  })

  test('tells which body is needed, and what in it', () => {
    const key = bodyOf('/api-keys', 'post')
    expect(key.required).toEqual(['name', 'permissions'])
    expect(key.properties.permissions).toMatchObject({ type: 'array', minItems: 1 })
    expect(bodyOf('/users/bulk', 'post').properties.role_id).toEqual({
      type: 'string',
      format: 'uuid',
      description: 'Required for add_role and remove_role.',
    })
    expect(bodyOf('/sessions/bulk', 'post').properties).not.toHaveProperty('role_id')
    const templates = bodyOf('/roles/from-template', 'post').properties.template as { enum: string[] }
    expect(templates.enum).toContain('viewer')
    const { requestBody, parameters } = openApiDocument.paths['/api/v1/sessions']?.delete ?? {}
    expect(requestBody?.required).toBe(false)
    expect(parameters?.map(({ name }) => name)).toEqual(['ids', 'user_id'])
    expect(openApiDocument.paths['/api/v1/me/sessions']?.delete?.requestBody?.required).toBe(true)
  })

  test('says how several values are sent, and promises no answer to have nothing more', () => {
    const status = openApiDocument.paths['/api/v1/users']?.get?.parameters.find(
      (one) => one.name === 'status',
    )
    expect(status).toMatchObject({
      style: 'form',
      explode: false,
      schema: { type: 'array', items: { type: 'string', enum: ['active', 'invited', 'disabled'] } },
    })
    const answers = Object.values(openApiDocument.paths).flatMap((methods) =>
      Object.values(methods).map(({ responses }) => responses),
    )
    const { schemas } = openApiDocument.components
    expect(JSON.stringify([answers, schemas])).not.toContain('"additionalProperties":false')
    expect(bodyOf('/groups', 'post').additionalProperties).toBe(false)
  })

  test('refers to nothing that is not there', () => {
    const references = JSON.stringify(openApiDocument).match(/(?<="\$ref":")[^"]+/g) ?? []
    expect(references.length).toBeGreaterThan(20)
    for (const reference of references) {
      const [root, components, kind = '', name = ''] = reference.split('/')
      expect([root, components]).toEqual(['#', 'components'])
      expect(openApiDocument.components[kind]?.[name], reference).toBeDefined()
    }
  })
})

describe('an operation', () => {
  const thing = z.strictObject({ id: z.uuid(), at: z.iso.datetime(), version: z.int() }).meta({ id: 'thing' })
  const things = listQuery({
    sorts: { name: ['name', 'text'] },
    defaultSort: 'name',
    filters: { status: ['on', 'off'], size: { kind: 'integer' } },
  })
  const body = z.strictObject({
    name: z.string().trim().max(9),
    more: z.preprocess((v) => v, z.array(z.uuid())),
  })
  const list = z.strictObject({ data: z.array(thing) })
  const none = () => ({})
  const document = openApi(
    [
      get('/things', can('user:read'), { query: things, answer: list, csv: none as never }, none),
      post('/things', can('user:create'), { body, answer: thing, status: 201, otherStatuses: [202] }, none),
      get('/things/:id', can('user:read'), { answer: thing }, none),
      post('/things/:id/seal', can('user:update'), { summary: 'Seal', otherStatuses: [423] }, none),
      post('/things/import', can('user:create'), { upload: true, answer: z.strictObject({}) }, none),
      post('/auth/tokens', signedIn, { secret: true, rate: 'sign-in' }, none),
      get('/open/:name/x', everybody('for the test'), { answer: z.array(z.string()) }, none),
      get('/page', signedIn, { only: 'page' }, none),
    ],
    testConfig(),
  ) as unknown as Document
  const at = (method: string, path: string) => {
    const operation = document.paths[`/api/v1${path}`]?.[method]
    if (!operation) throw new Error(`no ${method} ${path}`)
    return operation
  }
  const named = (method: string, path: string) =>
    at(method, path).parameters.map(({ name, $ref }) => name ?? $ref?.split('/').at(-1))
  const statuses = (method: string, path: string) => Object.keys(at(method, path).responses).join(' ')

  test('has its parameters', () => {
    expect(named('get', '/things')).toEqual(
      'q sort limit after before offset status size size.gte size.gt size.lte size.lt format'.split(' '),
    )
    expect(named('post', '/things')).toEqual(['idempotencyKey'])
    expect(named('get', '/things/{id}')).toEqual(['id'])
    expect(named('post', '/things/{id}/seal')).toEqual(['id', 'ifMatch', 'idempotencyKey'])
    expect(named('post', '/auth/tokens')).toEqual([])
    expect(at('get', '/things').parameters).toContainEqual({
      name: 'limit',
      in: 'query',
      required: false,
      description: expect.any(String),
      schema: { type: 'integer', minimum: 1, maximum: 200 },
    })
    expect(at('get', '/things').parameters.find(({ name }) => name === 'sort')?.schema).toEqual({
      type: 'string',
      enum: ['name', '-name'],
      default: 'name',
    })
    expect(at('get', '/open/{name}/x').parameters).toEqual([
      { name: 'name', in: 'path', required: true, schema: { type: 'string' } },
    ])
  })

  test('has its statuses', () => {
    expect(statuses('get', '/things')).toBe('200 304 400 401 403 406 429 500 503')
    expect(statuses('post', '/things')).toBe('201 202 400 401 403 406 408 409 413 415 422 429 500 503')
    expect(statuses('get', '/things/{id}')).toBe('200 304 400 401 403 404 406 429 500 503')
    expect(statuses('post', '/things/{id}/seal')).toBe(
      '204 400 401 403 404 406 408 409 412 413 415 422 423 429 500 503',
    )
    expect(statuses('post', '/auth/tokens')).toBe('204 400 401 403 406 408 413 415 429 500 503')
    expect(statuses('get', '/open/{name}/x')).toBe('200 304 400 401 404 406 429 500 503')
  })

  test('has its bodies and answers', () => {
    const sent = at('post', '/things').requestBody?.content['application/json']?.schema
    expect(sent).toMatchObject({
      properties: {
        name: { type: 'string', maxLength: 9 },
        more: { type: 'array', items: { format: 'uuid' } },
      },
      additionalProperties: false,
    })
    expect(Object.keys(at('post', '/things/import').requestBody?.content ?? {})).toEqual([
      'multipart/form-data',
      'text/csv',
    ])
    expect(at('post', '/things/{id}/seal').requestBody).toBeUndefined()
    expect(Object.keys(at('get', '/things').responses[200]?.content ?? {})).toEqual([
      'application/json',
      'text/csv',
    ])
    const answer = at('get', '/things/{id}').responses[200] as { headers: object; content: object }
    expect(answer.content).toEqual({ 'application/json': { schema: { $ref: '#/components/schemas/thing' } } })
    expect(Object.keys(answer.headers)).toEqual(['ETag'])
    expect(Object.keys((at('post', '/things').responses[201] as { headers: object }).headers)).toEqual([
      'ETag',
      'Location',
      'Idempotency-Replayed',
    ])
    expect(Object.keys((at('get', '/things').responses[200] as { headers: object }).headers)).toEqual([
      'ETag',
      'Link',
    ])
  })

  test('two schemas of one name are a mistake', () => {
    const components = new Components()
    components.of(z.strictObject({ a: z.string() }).meta({ id: 'same' }), 'output')
    components.of(z.strictObject({ a: z.string() }).meta({ id: 'same' }), 'output')
    expect(() => components.of(z.strictObject({ b: z.string() }).meta({ id: 'same' }), 'output')).toThrow(
      /two schemas are named same/,
    )
  })
})
