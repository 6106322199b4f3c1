import { describe, expect, test } from 'vitest'
import { negotiate } from '#src/http/negotiation.ts'
import { anonymous, as, browserOf, type Problem, send, visitor } from '#tests/client.ts'
import { makePeople } from '#tests/people.ts'

const { owner, member } = await makePeople()
const bearer = { Authorization: `Bearer ${owner.token}` }

describe('what is preferred', () => {
  const base = { bearer: false, api: false, partial: false, page: true, json: true }
  const html = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
  test.each([
    ['a browser', { accept: html }, 'page'],
    ['nothing', {}, 'page'],
    ['anything', { accept: '*/*' }, 'page'],
    ['an empty header', { accept: '' }, 'page'],
    ['htmx', { accept: 'text/html, */*', partial: true }, 'part'],
    ['JSON', { accept: 'application/json' }, 'json'],
    ['JSON in capitals', { accept: 'Application/JSON' }, 'json'],
    ['JSON with a parameter', { accept: 'application/json; charset=utf-8' }, 'json'],
    ['problems', { accept: 'application/problem+json' }, 'json'],
    ['more JSON than HTML', { accept: 'text/html;q=0.5, application/json' }, 'json'],
    ['more HTML than JSON', { accept: 'text/html, application/json;q=0.5' }, 'page'],
    ['both alike', { accept: 'application/json, text/html' }, 'page'],
    ['JSON, to a partial', { accept: 'application/json', partial: true }, 'json'],
    ['anything below /api', { accept: '*/*', api: true, page: false }, 'json'],
    ['a browser below /api', { accept: html, api: true, page: false }, 'json'],
    ['anything with a bearer', { accept: '*/*', bearer: true }, 'json'],
    ['text of any kind', { accept: 'text/*' }, 'page'],
    ['anything but HTML', { accept: 'text/html;q=0, */*' }, 'json'],
    ['anything but JSON', { accept: 'application/json;q=0, */*' }, 'page'],
    ['only images', { accept: 'image/png' }, null],
    ['HTML that is refused', { accept: 'text/html;q=0' }, null],
    ['JSON where there is none', { accept: 'application/json', json: false }, null],
    ['HTML where there is none', { accept: 'text/html', page: false }, null],
    ['anything but JSON, below /api', { accept: 'application/json;q=0, */*', api: true, page: false }, null],
    ['anything, refused', { accept: '*/*;q=0' }, null],
    ['nonsense', { accept: ';;;,,,q=' }, null],
  ] as const)('%s', (_, asked, wanted) => {
    expect(negotiate({ ...base, ...asked })).toBe(wanted)
  })
})

describe('over HTTP', () => {
  test('one address is a page, a part and JSON', async () => {
    const page = await browserOf(owner).get('/users')
    expect(page.text).toMatch(/^<!doctype html>/i)
    const part = await browserOf(owner).get('/users', { 'HX-Request': 'true', 'HX-Request-Type': 'partial' })
    expect(part.text).toMatch(/^<title>/)
    expect(part.text).not.toMatch(/<html/i)
    const json = await browserOf(owner).get('/users', { Accept: 'application/json' })
    expect(json.json<{ data: unknown[] }>().data.length).toBeGreaterThan(3)
    const varies = 'Accept, HX-Request, Accept-Encoding'
    for (const { headers } of [page, part, json]) expect(headers.get('vary')).toBe(varies)
    expect((await as(owner).get('/api/v1/users')).text).toBe((await as(owner).get('/api/users')).text)
    expect(page.headers.get('cache-control')).toBe('private, no-store')
    expect(json.headers.get('cache-control')).toBe('private, no-cache')
  })

  test('a page that the history brings back is whole', async () => {
    const headers = {
      'HX-Request': 'true',
      'HX-Request-Type': 'partial',
      'HX-History-Restore-Request': 'true',
    }
    expect((await browserOf(owner).get('/users', headers)).text).toMatch(/^<!doctype html>/i)
    const whole = { 'HX-Request': 'true', 'HX-Request-Type': 'full' }
    expect((await browserOf(owner).get('/users', whole)).text).toMatch(/^<!doctype html>/i)
  })

  test.each<Record<string, string>>([
    { 'HX-Request': 'true' },
    { 'HX-Request-Type': 'partial' },
    { 'HX-Boosted': 'true' },
  ])('the forged header %j grants nothing', async (forged) => {
    expect((await visitor().get('/users', forged)).status).toBe(303)
    expect((await browserOf(member).get('/sessions', forged)).status).toBe(403)
    const post = await send('http://localhost/logout', {
      method: 'POST',
      headers: { ...forged, Origin: 'http://localhost' },
    })
    expect(post.status).not.toBe(200)
  })

  test('a visitor’s partial request is sent to sign in as a whole', async () => {
    const answer = await visitor().get('/users?q=a', { 'HX-Request': 'true', 'HX-Request-Type': 'partial' })
    expect([answer.status, answer.headers.get('hx-redirect')]).toEqual([303, '/login?next=%2Fusers%3Fq%3Da'])
  })

  test('406 names what there is', async () => {
    const answer = await browserOf(owner).get('/users', { Accept: 'image/png' })
    expect(answer.status).toBe(406)
    expect(answer.json().detail).toBe('Available as text/html and application/json and text/csv.')
    expect((await browserOf(owner).get('/', { Accept: 'application/json' })).status).toBe(406)
    expect((await as(owner).get('/api/auth/me', { Accept: 'text/csv' })).status).toBe(406)
  })

  test.each([
    ['/users', 'GET, POST, HEAD', 'PATCH'],
    ['/api/users', 'GET, POST, HEAD', 'DELETE'],
    ['/logout', 'POST', 'GET'],
    ['/api/auth/me', 'GET, HEAD', 'POST'],
    ['/login', 'GET, POST, HEAD', 'PUT'],
    ['/health', 'GET, HEAD', 'OPTIONS'],
  ])('%s allows %s, and not %s', async (path, allow, method) => {
    const answer = await send(path, { method, headers: bearer })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow])
  })

  test.each(['PROPFIND', 'NONSENSE'])('the method %s is nowhere', async (method) => {
    expect((await send('/api/users', { method, headers: bearer })).status).toBe(405)
  })

  test('HEAD answers like GET, without a body', async () => {
    const head = await send('/api/users', { method: 'HEAD', headers: bearer })
    expect([head.status, head.text, head.headers.get('content-type')]).toEqual([
      200,
      '',
      'application/json; charset=UTF-8',
    ])
    expect((await send('/logout', { method: 'HEAD' })).status).toBe(405)
  })

  test('a trailing slash is the same path', async () => {
    expect((await as(owner).get('/api/users/')).text).toBe((await as(owner).get('/api/users')).text)
    expect((await browserOf(owner).get('/users/')).status).toBe(200)
  })
})

describe('an error', () => {
  test('is problem+json for programs, with all its parts', async () => {
    const answer = await as(owner).get('/api/users?nonsense=1')
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=UTF-8')
    const problem = answer.json<Problem & { instance: string }>()
    expect(problem).toMatchObject({
      type: 'about:blank',
      title: 'Bad request',
      status: 400,
      instance: '/api/users',
    })
    expect(problem.request_id).toBe(answer.headers.get('x-request-id'))
    expect(problem.detail).toMatch(/^nonsense: no such parameter; choose from q, sort/)
  })

  test.each([
    ['of validation', () => as(owner).post('/api/users', { username: 'x' }), 422],
    ['of a missing sign-in', () => anonymous().get('/api/users'), 401],
    ['of a missing right', () => as(member).get('/api/sessions'), 403],
    ['of a missing record', () => as(owner).get('/api/users/00000000-0000-7000-8000-000000000000'), 404],
    ['of a missing path', () => as(owner).get('/api/nowhere'), 404],
  ])('%s has the same form', async (_, ask, status) => {
    const answer = await ask()
    expect(answer.status).toBe(status)
    expect(answer.json()).toMatchObject({
      type: expect.any(String),
      title: expect.any(String),
      status,
      detail: expect.any(String),
      request_id: expect.any(String),
    })
    expect(answer.text).not.toMatch(/node_modules|\.tsx?:|at \w+ \(/)
  })

  test.each([
    ['/users/00000000-0000-7000-8000-000000000000', 404],
    ['/users?sort=nonsense', 400],
    ['/nowhere', 404],
  ])('is a page for people: %s', async (path, status) => {
    const answer = await browserOf(owner).get(path)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=UTF-8')
    expect(answer.text).toContain(answer.headers.get('x-request-id') as string)
  })
})
