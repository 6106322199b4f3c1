import { describe, expect, test } from 'vitest'
import { createApp } from '#src/app.ts'
import { Cookies } from '#src/http/cookies.ts'
import { csrfToken } from '#src/http/csrf.ts'
import { send } from '#tests/client.ts'
import { makeUser } from '#tests/factories.ts'
import { makePeople } from '#tests/people.ts'
import { testConfig, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const here = await testDatabase()
const { owner, org } = await makePeople()
const LISTED = 'https://app.example.com'
const target = await makeUser(org)

const listing = (more: Record<string, string> = {}) => {
  const config = testConfig({ CORS_ORIGINS: `${LISTED},http://localhost:5173`, ...more })
  return createApp({ ...here, config })
}
const app = listing()
const withoutCookies = listing({ CORS_ALLOW_CREDENTIALS: 'false' })
const cookies = new Cookies(here.config)
const bearer = { Authorization: `Bearer ${owner.token}` }
const cookie = { Cookie: `${cookies.session}=${owner.cookie}` }
const json = { 'Content-Type': 'application/json', Accept: 'application/json' }
const elsewhere = { Origin: LISTED, 'Sec-Fetch-Site': 'cross-site' }
const path = `http://localhost/api/v1/users/${target.id}`

const ask = (headers: Record<string, string>, at = path, from = app) => send(at, { headers }, from)
const preflight = (headers: Record<string, string>, at = path, from = app) =>
  send(at, { method: 'OPTIONS', headers }, from)
const change = (headers: Record<string, string>, from = app) =>
  send(path, { method: 'PATCH', headers: { ...json, ...headers }, body: '{"first_name":"Cross"}' }, from)
const said = ({ headers }: { headers: Headers }) =>
  [...headers].filter(([name]) => name.startsWith('access-control-'))
const name = async () =>
  (
    await here.owner
      .selectFrom('users')
      .select('first_name')
      .where('id', '=', target.id)
      .executeTakeFirstOrThrow()
  ).first_name

/** Nobody that is listed, however much it looks so. */
const strangers = [
  'https://evil.example',
  'null',
  '',
  '*',
  'https://app.example.com.evil.example',
  'https://app.example.com:8443',
  'http://app.example.com',
  'https://APP.example.com',
  'https://app.example.com/',
  'https://xapp.example.com',
  `${LISTED}, https://evil.example`,
]

describe('an origin that is listed', () => {
  test.each([LISTED, 'http://localhost:5173'])('is told what it can ask: %s', async (origin) => {
    const answer = await preflight({
      Origin: origin,
      'Access-Control-Request-Method': 'PATCH',
      'Access-Control-Request-Headers': 'authorization,if-match',
    })
    expect(answer.status).toBe(204)
    expect(Object.fromEntries(said(answer))).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers':
        'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-CSRF-Token',
      'access-control-max-age': '600',
    })
    expect(answer.headers.get('vary')).toContain('Origin')
  })

  test('reads by a bearer, and the headers that it needs; errors too', async () => {
    for (const at of [path, 'http://localhost/api/users', 'http://localhost/api/v1/nothing', `${path}x`]) {
      const answer = await ask({ ...bearer, ...elsewhere }, at)
      expect(answer.headers.get('access-control-allow-origin'), at).toBe(LISTED)
      expect(answer.headers.get('vary'), at).toContain('Origin')
      const exposed = (answer.headers.get('access-control-expose-headers') ?? '').split(', ')
      for (const header of ['ETag', 'Link', 'Location', 'RateLimit', 'Retry-After', 'X-Request-Id'])
        expect(exposed).toContain(header)
    }
    expect((await ask({ ...bearer, ...elsewhere })).status).toBe(200)
    expect((await ask(elsewhere)).status).toBe(401)
    expect((await ask(elsewhere)).headers.get('access-control-allow-origin')).toBe(LISTED)
  })

  test('writes by a bearer, and signs in with JSON where it sends no cookie', async () => {
    expect((await change({ ...bearer, ...elsewhere })).status).toBe(200)
    const body = JSON.stringify({ username: owner.username, password: PASSWORD })
    const signIn = (more: Record<string, string>, from = app) =>
      send(
        'http://localhost/api/v1/auth/login',
        { method: 'POST', headers: { ...json, ...elsewhere, ...more }, body },
        from,
      )
    const answer = await signIn({})
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, []])
    expect((await signIn({}, withoutCookies)).status).toBe(200)
    expect((await signIn({ Origin: 'https://evil.example' })).status).toBe(403)
    // nor through a form, which needs no permission from us to be sent
    const form = { ...elsewhere, 'Content-Type': 'application/x-www-form-urlencoded' }
    const sent = { method: 'POST', headers: form, body: `username=${owner.username}&password=${PASSWORD}` }
    expect((await send('http://localhost/api/v1/auth/login', sent, app)).status).toBe(403)
  })

  test('writes by a cookie only with the token of its forms, and only where cookies are allowed', async () => {
    const csrf = { 'X-CSRF-Token': csrfToken(here.config.SECRET_KEY, owner.cookie) }
    await here.owner.updateTable('users').set({ first_name: 'Was' }).where('id', '=', target.id).execute()
    expect((await change({ ...cookie, ...elsewhere })).status).toBe(403)
    expect((await change({ ...cookie, ...elsewhere, 'X-CSRF-Token': 'A'.repeat(86) })).status).toBe(403)
    expect((await change({ ...cookie, ...elsewhere, ...csrf }, withoutCookies)).status).toBe(403)
    expect((await change({ ...cookie, ...csrf, Origin: 'https://evil.example' })).status).toBe(403)
    expect(await name()).toBe('Was')
    expect((await change({ ...cookie, ...elsewhere, ...csrf })).status).toBe(200)
    expect(await name()).toBe('Cross')
  })

  test('is told nothing of cookies where they aren’t allowed', async () => {
    const answer = await ask({ ...bearer, ...elsewhere }, path, withoutCookies)
    expect(answer.headers.get('access-control-allow-origin')).toBe(LISTED)
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
  })

  test('gets no pages, and is a stranger to their forms', async () => {
    for (const at of ['/users', '/login', `/users/${target.id}`]) {
      for (const accept of ['text/html', 'application/json'])
        expect(said(await ask({ ...cookie, ...elsewhere, Accept: accept }, `http://localhost${at}`))).toEqual(
          [],
        )
    }
    const at = `http://localhost/users/${target.id}`
    expect((await preflight({ ...elsewhere, 'Access-Control-Request-Method': 'PATCH' }, at)).status).not.toBe(
      204,
    )
    const csrf = { 'X-CSRF-Token': csrfToken(here.config.SECRET_KEY, owner.cookie) }
    const headers = { ...json, ...cookie, ...csrf }
    const send_ = (more: Record<string, string>) =>
      send(at, { method: 'PATCH', headers: { ...headers, ...more }, body: '{"first_name":"Page"}' }, app)
    expect((await send_(elsewhere)).status).toBe(403)
    expect((await send_({ Origin: 'http://localhost', 'Sec-Fetch-Site': 'same-origin' })).status).toBe(200)
  })
})

describe('an origin that isn’t', () => {
  test.each(strangers)('is told nothing, and repeated nowhere: %s', async (origin) => {
    const asked = { Origin: origin, 'Access-Control-Request-Method': 'GET' }
    const answers = [await preflight(asked), await ask({ ...bearer, Origin: origin }), await ask(asked)]
    for (const answer of answers) {
      expect(said(answer)).toEqual([])
      expect(answer.headers.get('vary')).toContain('Origin')
    }
    expect(answers[0]?.status).toBe(405)
    expect((await change({ ...cookie, Origin: origin })).status).toBe(403)
  })

  test('is every other one where none is listed', async () => {
    const none = createApp(here)
    const asked = { ...elsewhere, 'Access-Control-Request-Method': 'GET' }
    expect((await preflight(asked, path, none)).status).toBe(405)
    expect(said(await ask({ ...bearer, ...elsewhere }, path, none))).toEqual([])
    expect((await ask(bearer, path, none)).headers.get('vary')).not.toContain('Origin')
  })
})

test('methods and headers are those that are set', async () => {
  const few = listing({ CORS_ALLOWED_METHODS: 'GET', CORS_ALLOWED_HEADERS: '["Authorization"]' })
  const answer = await preflight({ ...elsewhere, 'Access-Control-Request-Method': 'PATCH' }, path, few)
  expect(answer.headers.get('access-control-allow-methods')).toBe('GET')
  expect(answer.headers.get('access-control-allow-headers')).toBe('Authorization')
})
