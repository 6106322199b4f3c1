import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { readBody } from '#src/http/input.ts'
import { type Answer, as, browserOf, type Problem, send } from '#tests/client.ts'
import { makeUser } from '#tests/factories.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

await testDatabase()
const { owner, org } = await makePeople()
const target = await makeUser(org)
const bearer = { Authorization: `Bearer ${owner.token}`, Accept: 'application/json' }

/** Names that every object of JavaScript has without anybody having sent them. */
const INHERITED = [
  '__proto__',
  ...Object.getOwnPropertyNames(Object.prototype).filter((name) => name !== '__proto__'),
  'prototype',
]
/** What no endpoint has, either. */
const UNKNOWN = 'surprise'

const before = Object.getOwnPropertyNames(Object.prototype)
afterEach(() => {
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})

const addressOf = ({ path, only }: Endpoint) =>
  (only === 'page' ? '' : '/api') + path.replace(/:\w+/g, target.id)
/** Text, since an object of JavaScript knows __proto__. */
const json = (name: string, value: unknown) => `{${JSON.stringify(name)}:${JSON.stringify(value)}}`
const fault = ({ status, text }: Answer) => [
  status,
  (JSON.parse(text) as Problem).errors?.map(({ path }) => path),
]

function sending({ method, path, only }: Endpoint, type: string, body: string): Promise<Answer> {
  const by: Record<string, string> =
    only === 'page'
      ? {
          Cookie: [...browserOf(owner).cookies].map((pair) => pair.join('=')).join(),
          Origin: 'http://localhost',
        }
      : bearer
  const headers = { ...by, 'Content-Type': type }
  return send(`http://localhost${addressOf({ method, path, only } as Endpoint)}`, { method, headers, body })
}

describe('a name that objects inherit is as unknown as any other', () => {
  const reads = endpoints.filter(({ method, query, only }) => method === 'GET' && query && only !== 'page')
  test.each(reads.map((endpoint) => [endpoint.path, endpoint] as const))(
    'in the address of %s',
    async (_, endpoint) => {
      const get = (name: string) => as(owner).get(`${addressOf(endpoint)}?${name}=polluted`)
      const { status } = await get(UNKNOWN)
      expect([400, 403]).toContain(status)
      for (const name of INHERITED) {
        const answer = await get(name)
        expect([
          name,
          answer.status,
          /^: (Leave this out|no such parameter)/.test(answer.json().detail.slice(name.length)) ||
            status === 403,
        ]).toEqual([name, status, true])
      }
      // beside what is known, and as an operator of it
      for (const name of [
        'q=&__proto__',
        '__proto__.gte',
        '__proto__[polluted]',
        'constructor.prototype.polluted',
      ])
        expect((await get(name)).status).toBe(status)
    },
  )

  const writes = endpoints.filter(({ method, body, upload }) => method !== 'GET' && body && !upload)
  const named = (endpoint: Endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const
  test.each(writes.filter(({ only }) => only !== 'page').map(named))(
    'in the JSON of %s',
    async (_, endpoint) => {
      const post = async (name: string) => {
        const answer = await sending(endpoint, 'application/json', json(name, { polluted: true }))
        const [status, paths = []] = fault(answer) as [number, string[]?]
        return [status, paths.some((path) => path === name)]
      }
      const unknown = await post(UNKNOWN)
      expect([403, 422]).toContain(unknown[0])
      for (const name of INHERITED) {
        // refused by its name also where what isn't known is let through
        const expected = name === '__proto__' && unknown[0] === 422 ? [422, true] : unknown
        expect([name, ...(await post(name))]).toEqual([name, ...expected])
      }
    },
  )

  test.each(writes.map(named))('in the form of %s', async (_, endpoint) => {
    const token = endpoint.only === 'page' ? `csrf_token=${browserOf(owner).formToken}&` : ''
    const post = async (name: string) =>
      (await sending(endpoint, 'application/x-www-form-urlencoded', `${token}${name}=polluted`)).status
    const status = await post(UNKNOWN)
    expect([403, 404, 422, 303]).toContain(status)
    // or sooner, where there is nothing behind the address that could be shown again
    for (const name of INHERITED) expect([status, 422]).toContain(await post(name))
  })

  const uploads = endpoints.filter(({ upload, body }) => upload && body)
  test.each(uploads.map(named))('in the form with a file of %s', async (_, endpoint) => {
    const part = (name: string, value: string, more = '') =>
      `--xYz\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`
    const post = (name: string, value = 'polluted') =>
      sending(
        endpoint,
        'multipart/form-data; boundary=xYz',
        `${part('file', 'a,b\r\n1,2', '; filename="a.csv"')}${part(name, value)}--xYz--\r\n`,
      )
    expect(fault(await post(UNKNOWN))).toEqual([422, [UNKNOWN]])
    for (const name of INHERITED) {
      expect(fault(await post(name))).toEqual([422, [name]])
      expect((await post('mapping', json(name, 'a'))).status).toBe(422)
    }
  })

  test('anywhere in JSON, whatever is below it', async () => {
    const places: [path: string, body: (inner: string) => string, at: string][] = [
      ['/api/users', (inner) => `{"username":"u","email":"u@example.com","groups":[${inner}]}`, 'groups.0.'],
      ['/api/access/check', (inner) => `{"questions":[${inner}]}`, 'questions.0.'],
      ['/api/access/matrix', (inner) => `{"changes":[${inner}]}`, 'changes.0.'],
    ]
    const property = fc.asyncProperty(
      fc.constantFrom(...places),
      fc.constantFrom(...INHERITED),
      fc.jsonValue({ maxDepth: 3 }),
      async ([path, body, at], name, value) => {
        const post = async (key: string) => {
          const headers = { ...bearer, 'Content-Type': 'application/json' }
          return fault(await send(path, { method: 'POST', headers, body: body(json(key, value)) })) as [
            number,
            string[]?,
          ]
        }
        const [status, paths = []] = await post(UNKNOWN)
        const [same, its = []] = await post(name)
        expect([status, paths.includes(at + UNKNOWN)]).toEqual([same, true])
        expect(its).toContain(at + name)
      },
    )
    await fc.assert(property, { numRuns: 60 })
  })

  test('in a bulk action, and in the address that it is for', async () => {
    for (const name of INHERITED) {
      const action = await as(owner).post('/api/users/bulk', { action: name, ids: [target.id] })
      expect(fault(action)).toEqual([422, ['action']])
      const page = await browserOf(owner).post('/users/bulk', { action: name, ids: target.id })
      expect([name, page.status]).toEqual([name, 422])
      const matching = await as(owner).post('/api/users/bulk', { action: 'disable', matching: `${name}=x` })
      expect(fault(matching)).toEqual(name === '__proto__' ? [400, [name]] : [422, ['matching']])
    }
  })

  test('as a column of a file, or a filter’s value', async () => {
    const headers = { ...bearer, 'Content-Type': 'text/csv' }
    for (const name of INHERITED) {
      const body = `username,email,${name}\nx,nonsense,polluted\n`
      const answer = await send('/api/users/import?dry_run=true', { method: 'POST', headers, body })
      expect(answer.json<{ ignored_columns: string[] }>().ignored_columns).toEqual([name])
      const mapped = await send(`/api/users/import?map.${name}=email`, { method: 'POST', headers, body })
      expect([name, mapped.status]).toEqual([name, 400])
      expect((await as(owner).get(`/api/users?status=${name}`)).status).toBe(400)
      expect((await as(owner).get(`/api/users?sort=${name}`)).status).toBe(400)
    }
  })

  test('as a cookie, which nobody reads', async () => {
    const browser = browserOf(owner)
    for (const name of INHERITED) browser.cookies.set(name, 'polluted')
    expect((await browser.get('/users')).status).toBe(200)
    expect((await browser.post('/users', { username: '' })).status).toBe(422)
  })
})

test('what is read from outside has what was sent and nothing else', async () => {
  const bodies: [type: string, body: string][] = [
    ['application/json', '{"a":"1"}'],
    ['application/x-www-form-urlencoded', 'a=1'],
    [
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
    ],
  ]
  for (const [type, body] of bodies) {
    const raw = new Request('http://localhost/', { method: 'POST', headers: { 'Content-Type': type }, body })
    const c = { req: { header: (name: string) => raw.headers.get(name) ?? undefined, raw } } as never
    const { fields } = await readBody(c, { upload: true, read: async () => Buffer.from(body) })
    expect([Object.getPrototypeOf(fields), { ...fields }]).toEqual([null, { a: '1' }])
  }
})
