import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { can, get, signedIn } from '#src/http/endpoint.ts'
import { HttpError } from '#src/http/errors.ts'
import { anonymous, as, browserOf, send, visitor } from '#tests/client.ts'
import { mounted } from '#tests/http/mounted.ts'
import { makePeople } from '#tests/people.ts'

const { owner, colleague } = await makePeople()
const logged: string[] = []
let ended = 0
let made = 0

/** `rows` lines; fails before line `fails`. */
async function* lines(rows: number, fails = Number.POSITIVE_INFINITY) {
  made = 0
  try {
    for (let n = 0; n < rows; n++) {
      if (n === fails) throw n === 0 ? new HttpError(409, 'not now') : new Error('broken off')
      made++
      yield `line ${n} ${'x'.repeat(1000)}\r\n`
    }
  } finally {
    ended++
  }
}

const query = z.strictObject({ rows: z.coerce.number().default(3), fails: z.coerce.number().optional() })
const app = mounted(
  [
    get(
      '/lines',
      can('user:read'),
      {
        query,
        csv: ({ query, grant }) => ({
          name: `lines ${grant.action} "1"\r\n`,
          chunks: lines(query.rows, query.fails),
        }),
      },
      ({ query }) => ({ json: query, screen: () => ({ title: 'Lines' }) }),
    ),
    get('/plain', signedIn, { query: z.strictObject({}) }, () => ({ json: {} })),
  ],
  {},
  logged,
)

describe('a list as a file', () => {
  test.each<[string, string, Record<string, string>]>([
    ['that is accepted by name', '/lines', { Accept: 'text/csv' }],
    ['below /api', '/api/v1/lines', { Accept: 'text/csv' }],
    ['accepted among others', '/lines', { Accept: 'text/csv, application/problem+json, */*;q=0.1' }],
    ['in the address', '/lines?format=csv', { Accept: 'text/html,*/*;q=0.8' }],
    ['in the address, below /api', '/api/lines?format=csv', { Accept: 'application/json' }],
  ])('%s', async (_, path, headers) => {
    for (const who of [as(owner, app), browserOf(owner, app)]) {
      const answer = await who.get(path, headers)
      expect(answer.status).toBe(200)
      expect(answer.text.match(/^line \d x+\r$/gm)).toHaveLength(3)
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-type': 'text/csv; charset=utf-8',
        'content-disposition': 'attachment; filename="lines-read-1-.csv"',
        'cache-control': 'private, no-store',
        'x-content-type-options': 'nosniff',
        vary: 'Accept, HX-Request',
      })
      expect(answer.headers.get('x-request-id')).toBeTruthy()
    }
  })

  test.each<[string, string, Record<string, string>]>([
    ['JSON accepted more', '/api/lines', { Accept: 'text/csv;q=0.5, application/json' }],
    ['JSON in the address', '/lines?format=json', { Accept: 'text/csv' }],
    ['JSON in the address of a page', '/lines?format=json', { Accept: 'text/html' }],
    ['text of any kind', '/api/lines', { Accept: 'text/*, */*' }],
  ])('is JSON by %s', async (_, path, headers) => {
    const answer = await browserOf(owner, app).get(path, headers)
    expect([answer.status, answer.json()]).toEqual([200, { rows: 3 }])
  })

  test('is a page for browsers', async () => {
    const answer = await browserOf(owner, app).get('/lines')
    expect(answer.text).toMatch(/^<!doctype html>/i)
  })

  test('wants the same schema, and a format that there is', async () => {
    for (const query of ['format=xml', 'format=', 'format=csv&format=csv', 'format=csv&surprise=1']) {
      expect((await as(owner, app).get(`/api/lines?${query}`)).status, query).toBe(400)
    }
    expect((await as(owner, app).get('/api/plain?format=csv')).status).toBe(400)
    expect((await as(owner, app).get('/api/plain', { Accept: 'text/csv' })).json().detail).toBe(
      'Available as application/json.',
    )
    expect((await as(owner, app).get('/lines', { Accept: 'image/png' })).json().detail).toBe(
      'Available as text/html and application/json and text/csv.',
    )
  })

  test('is for those alone who may', async () => {
    const csv = { Accept: 'text/csv' }
    expect((await anonymous(app).get('/lines', csv)).status).toBe(401)
    const refused = await as(colleague, app).get('/lines', csv)
    expect([refused.status, refused.headers.get('content-type')]).toEqual([
      403,
      'application/problem+json; charset=UTF-8',
    ])
    const page = await visitor(app).get('/lines?format=csv')
    expect([page.status, page.headers.get('location')]).toEqual([303, '/login?next=%2Flines%3Fformat%3Dcsv'])
  })

  test('that fails before its first line is an ordinary error', async () => {
    const answer = await as(owner, app).get('/lines?fails=0', { Accept: 'text/csv' })
    expect([answer.status, answer.json().detail]).toEqual([409, 'not now'])
  })

  test('may be empty', async () => {
    const answer = await as(owner, app).get('/lines?rows=0&format=csv')
    expect([answer.status, answer.text]).toEqual([200, ''])
  })

  test('is made no further for a HEAD', async () => {
    ended = 0
    const init = { method: 'HEAD', headers: { Authorization: `Bearer ${owner.token}` } }
    const answer = await send('/api/lines?format=csv&rows=9', init, app)
    expect([answer.status, answer.text, made, ended]).toEqual([200, '', 1, 1])
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
  })
})

describe('over a connection', async () => {
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  afterAll(() => void server.close())
  const ask = (query: string) =>
    fetch(`http://127.0.0.1:${port}/lines?${query}`, {
      headers: { Authorization: `Bearer ${owner.token}`, Accept: 'text/csv' },
    })

  test('it comes as it is made, no faster than it is read', async () => {
    const answer = await ask('rows=100000')
    const reader = answer.body?.getReader()
    const first = await reader?.read()
    expect(new TextDecoder().decode(first?.value)).toMatch(/^line 0 /)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(made).toBeLessThan(30_000)
    ended = 0
    await reader?.cancel()
    await expect.poll(() => ended).toBe(1)
    const madeThen = made
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(made).toBe(madeThen)
  })

  test('it is whole', async () => {
    const text = await (await ask('rows=1000')).text()
    expect(text.match(/^line /gm)).toHaveLength(1000)
  })

  test.each([1, 50, 700])('that fails before line %i never looks whole', async (fails) => {
    logged.length = 0
    const read = ask(`rows=1000&fails=${fails}`).then((answer) => answer.text())
    await expect(read).rejects.toThrow()
    expect(logged).toEqual(['file broke off'])
  })
})
