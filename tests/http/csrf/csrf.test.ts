import { describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import { Cookies } from '#src/http/cookies.ts'
import { csrfToken } from '#src/http/csrf.ts'
import { type Answer, as, browserOf, send, visitor } from '#tests/client.ts'
import { makeUser, openSession } from '#tests/factories.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner: past, config } = await testDatabase()
const { owner, org, admin } = await makePeople()
const target = await makeUser(org)
const cookies = new Cookies(config)
const ORIGIN = 'http://localhost'
const token = (bearer: string) => csrfToken(config.SECRET_KEY, bearer)

/** Where the browser says that a request comes from; what that means for us. */
const origins: [name: string, means: 'ours' | 'unsaid' | 'foreign', headers: Record<string, string>][] = [
  ['same-origin', 'ours', { 'Sec-Fetch-Site': 'same-origin', Origin: ORIGIN }],
  ['same-origin without Origin', 'ours', { 'Sec-Fetch-Site': 'same-origin' }],
  ['Origin alone', 'ours', { Origin: ORIGIN }],
  ['neither header', 'unsaid', {}],
  ['cross-site', 'foreign', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }],
  ['cross-site that says our Origin', 'foreign', { 'Sec-Fetch-Site': 'cross-site', Origin: ORIGIN }],
  ['same-site', 'foreign', { 'Sec-Fetch-Site': 'same-site', Origin: 'http://other.localhost' }],
  ['same-site without Origin', 'foreign', { 'Sec-Fetch-Site': 'same-site' }],
  ['same-site that says our Origin', 'foreign', { 'Sec-Fetch-Site': 'same-site', Origin: ORIGIN }],
  ['a typed address', 'foreign', { 'Sec-Fetch-Site': 'none' }],
  ['another Origin alone', 'foreign', { Origin: 'https://evil.example' }],
  ['another port', 'foreign', { Origin: 'http://localhost:81' }],
  ['another scheme', 'foreign', { Origin: 'https://localhost' }],
  ['the null origin', 'foreign', { Origin: 'null' }],
  [
    'same-origin from another Origin',
    'foreign',
    { 'Sec-Fetch-Site': 'same-origin', Origin: 'https://evil.example' },
  ],
]

const tokens: Record<string, string | undefined> = {
  valid: token(owner.cookie),
  wrong: 'A'.repeat(43),
  'of another session': token(admin.cookie),
  'of a visitor': token('visitor'),
  'the cookie itself': owner.cookie,
  absent: undefined,
}

const kinds = ['json', 'form', 'override', 'header'] as const

function write(
  kind: (typeof kinds)[number],
  name: string,
  headers: Record<string, string>,
  csrf: string | undefined,
): Promise<Answer> {
  const path = `${ORIGIN}/users/${target.id}`
  const base = { Cookie: `${cookies.session}=${owner.cookie}`, ...headers }
  if (kind === 'json' || kind === 'header') {
    const inHeader: Record<string, string> = csrf ? { 'X-CSRF-Token': csrf } : {}
    const body = kind === 'json' ? JSON.stringify({ first_name: name }) : undefined
    const type: Record<string, string> = body ? { 'Content-Type': 'application/json' } : {}
    return send(path, {
      method: body ? 'PATCH' : 'DELETE',
      headers: { ...base, ...inHeader, ...type, Accept: 'application/json' },
      body,
    })
  }
  const fields = new URLSearchParams({
    first_name: name,
    ...(kind === 'override' ? { _method: 'PATCH' } : {}),
  })
  if (csrf) fields.set('csrf_token', csrf)
  const type = { 'Content-Type': 'application/x-www-form-urlencoded' }
  return send(path, {
    method: kind === 'override' ? 'POST' : 'PATCH',
    headers: { ...base, ...type },
    body: fields.toString(),
  })
}

const row = () =>
  past
    .selectFrom('users')
    .select(['first_name', 'deleted_at'])
    .where('id', '=', target.id)
    .executeTakeFirstOrThrow()
let count = 0

describe.each(origins)('a write with a cookie from %s', (_, means, headers) => {
  describe.each(kinds)('as %s', (kind) => {
    test.each(Object.keys(tokens))('with a token: %s', async (which) => {
      const valid = which === 'valid'
      const passes = means === 'foreign' ? false : means === 'unsaid' || kind !== 'json' ? valid : true
      const name = `Name ${++count}`
      const answer = await write(kind, name, headers, tokens[which])
      expect(answer.status).toBe(passes ? (kind === 'json' ? 200 : kind === 'header' ? 204 : 303) : 403)
      const { first_name, deleted_at } = await row()
      if (kind === 'header') {
        expect(deleted_at !== null).toBe(passes)
        await past.updateTable('users').set({ deleted_at: null }).where('id', '=', target.id).execute()
      } else expect(first_name === name).toBe(passes)
    })
  })
})

test('a bearer needs no token, wherever it comes from', async () => {
  for (const [, , headers] of origins) {
    expect((await as(owner).patch(`/api/users/${target.id}`, { first_name: 'B' }, headers)).status).toBe(200)
  }
})

test('a read needs none', async () => {
  for (const [, , headers] of origins)
    expect((await browserOf(owner).get('/users', headers)).status).toBe(200)
})

describe('every endpoint that writes wants the token, whatever it is sent', () => {
  const writes = endpoints.filter(({ method, access }) => method !== 'GET' && !('public' in access))
  const ours = { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' }
  const foreign = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }
  const part = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'

  test.each(writes.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const))(
    '%s',
    async (_, { method, path, only, upload }) => {
      const fields = `_method=${method}`
      const bodies: [type: string, body: string, headers: Record<string, string>][] = [
        ['application/x-www-form-urlencoded', fields, ours],
        ['application/x-www-form-urlencoded', `${fields}&csrf_token=${token(owner.cookie)}`, foreign],
        ['application/json', '{}', {}],
        ['application/json', '{}', { ...foreign, 'X-CSRF-Token': token(owner.cookie) }],
        ...(upload
          ? ([
              ['multipart/form-data; boundary=x', part, ours],
              ['text/csv', 'a,b', ours],
              ['text/csv', 'a,b', { ...foreign, 'X-CSRF-Token': token(owner.cookie) }],
            ] as [string, string, Record<string, string>][])
          : []),
      ]
      const address = (only === 'api' ? '/api' : '') + path.replace(/:\w+/g, target.id)
      for (const [type, body, headers] of bodies) {
        const form = type.startsWith('application/x')
        const answer = await send(ORIGIN + address, {
          method: form && only !== 'api' ? 'POST' : method,
          headers: {
            Cookie: `${cookies.session}=${owner.cookie}`,
            Accept: only === 'page' ? 'text/html' : 'application/json',
            'Content-Type': type,
            ...headers,
          },
          body,
        })
        expect(answer.status, `${type} ${JSON.stringify(headers)}`).toBe(403)
      }
    },
  )
})

describe('methods are named by the form alone', () => {
  const base = { Cookie: `${cookies.session}=${owner.cookie}`, Origin: ORIGIN, Accept: 'text/html' }
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
  const body = new URLSearchParams({ csrf_token: token(owner.cookie) })

  test.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])('not by %s', async (header) => {
    const headers = { ...base, ...form, [header]: 'DELETE' }
    expect(
      (await send(`${ORIGIN}/users/${target.id}`, { method: 'POST', headers, body: body.toString() })).status,
    ).toBe(405)
    expect((await row()).deleted_at).toBeNull()
  })

  test('not by the address, not in a GET, not in JSON, and only those that write', async () => {
    const path = `${ORIGIN}/users/${target.id}`
    expect((await send(`${path}?_method=DELETE`, { headers: base })).status).toBe(200)
    expect(
      (
        await send(`${path}?_method=DELETE`, {
          method: 'POST',
          headers: { ...base, ...form },
          body: body.toString(),
        })
      ).status,
    ).toBe(405)
    const json = { ...base, 'Content-Type': 'application/json', 'X-CSRF-Token': token(owner.cookie) }
    expect((await send(path, { method: 'POST', headers: json, body: '{"_method":"DELETE"}' })).status).toBe(
      405,
    )
    for (const _method of ['GET', 'TRACE', 'delete', 'POST']) {
      const fields = new URLSearchParams([...body, ['_method', _method]]).toString()
      expect((await send(path, { method: 'POST', headers: { ...base, ...form }, body: fields })).status).toBe(
        405,
      )
    }
    expect((await row()).deleted_at).toBeNull()
  })

  test.each(['text/plain', 'multipart/form-data; boundary=x', 'application/xml', ''])(
    'a body of type “%s” is not read',
    async (type) => {
      const headers = { ...base, 'Content-Type': type, 'X-CSRF-Token': token(owner.cookie) }
      const answer = await send(`${ORIGIN}/users/${target.id}`, {
        method: 'PATCH',
        headers,
        body: '{"first_name":"T"}',
      })
      expect(answer.status).toBe(415)
    },
  )
})

describe('signing in and out', () => {
  const fields = { username: owner.username, password: PASSWORD }

  test('works from the page', async () => {
    const browser = visitor()
    await browser.get('/login')
    expect((await browser.post('/login', fields)).status).toBe(303)
    expect(browser.cookies.has(cookies.session)).toBe(true)
    expect((await browser.get('/users')).status).toBe(200)
    expect((await browser.post('/logout')).status).toBe(303)
  })

  test.each(origins.filter(([, means]) => means === 'foreign'))('not from %s', async (_, __, headers) => {
    const browser = visitor()
    await browser.get('/login')
    const foreign = { 'Sec-Fetch-Site': '', Origin: '', ...headers }
    for (const name of ['Sec-Fetch-Site', 'Origin'] as const)
      if (!foreign[name]) foreign[name] = headers.Origin ?? 'null'
    expect((await browser.post('/login', fields, foreign)).status).toBe(403)
    expect(browser.cookies.has(cookies.session)).toBe(false)
    const signedIn = browserOf(owner)
    expect((await signedIn.post('/logout', {}, foreign)).status).toBe(403)
    expect((await signedIn.get('/users')).status).toBe(200)
  })

  test('not without the visitor’s cookie, nor with another’s token', async () => {
    for (const csrf_token of ['', token('the attacker’s own visitor'), 'A'.repeat(43)]) {
      expect((await visitor().post('/login', { ...fields, csrf_token })).status).toBe(403)
    }
    const browser = visitor()
    await browser.get('/login')
    expect((await browser.post('/login', { ...fields, csrf_token: '' })).status).toBe(403)
    expect((await browser.post('/login', { ...fields, csrf_token: token(owner.cookie) })).status).toBe(403)
    expect(browser.cookies.has(cookies.session)).toBe(false)
  })

  test('not out without a token', async () => {
    const cookie = await openSession(owner, 'browser')
    const headers = {
      Cookie: `${cookies.session}=${cookie}`,
      Origin: ORIGIN,
      'Sec-Fetch-Site': 'same-origin',
    }
    expect((await send(`${ORIGIN}/logout`, { method: 'POST', headers })).status).toBe(403)
    expect((await send(`${ORIGIN}/users`, { headers })).status).toBe(200)
  })
})
