import { describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import { type Answer, as, Browser, browserOf, send, visitor } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeRole, makeUser, roleOf, sessionOf } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past, anotherProcess } = await testDatabase()
const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)><a hx-get="/steal" hx-on:click='x'>&amp;'`
const org = await makeOrganization(evil)
await past.updateTable('organizations').set({ name: evil }).where('id', '=', org.id).execute()
const group = await makeGroup(org, { name: evil })
const role = await makeRole(org, { name: evil })
await past.updateTable('roles').set({ description: evil }).where('id', '=', role).execute()
const owner = await makeUser(org, {
  first_name: evil,
  last_name: evil,
  roles: [roleOf(org, 'owner'), role],
  groups: [group],
})
await past.updateTable('sessions').set({ user_agent: evil }).where('user_id', '=', owner.id).execute()
const session = await sessionOf(owner.cookie)

/** No markup of the data's own: whatever there is came from us. */
function expectHarmless({ text, headers }: Answer, what: string) {
  if (!headers.get('content-type')?.startsWith('text/html')) return
  const tags = text.replace(/"[^"]*"/g, '""').match(/<[a-z!/][^>]*>/gi) ?? []
  expect(tags.length, what).toBeGreaterThan(3)
  expect(
    tags.filter((tag) => /<script>|<img|onerror|hx-on|steal|'/i.test(tag)),
    what,
  ).toEqual([])
  expect(text, what).not.toMatch(/hx-get="\/steal/)
  expect(text, what).not.toMatch(/<script(?![^>]*\bsrc=)(?![^>]*\bnonce=)/i)
  const nonce = /'nonce-([^']+)'/.exec(headers.get('content-security-policy') ?? '')?.[1]
  for (const [, own] of text.matchAll(/nonce="([^"]*)"/g)) expect(own, what).toBe(nonce)
  expect(text, what).not.toMatch(/\sstyle=|javascript:/i)
}

const pages = endpoints
  .filter(({ method, only }) => method === 'GET' && (only === undefined || only === 'page'))
  .map(({ path }) => path)
const filled = (path: string) => path.replace(/:\w+/g, path.includes('session') ? session : owner.id)

describe('hostile names', () => {
  test.each(pages)('do nothing on %s', async (path) => {
    for (const headers of [{}, { 'HX-Request': 'true', 'HX-Request-Type': 'partial' }] as Record<
      string,
      string
    >[]) {
      const answer = await browserOf(owner).get(filled(path), headers)
      expectHarmless(answer, path)
      if (answer.status === 200) expect(answer.text).toMatch(/&lt;script&gt;|<title>/)
    }
  })

  test('are shown as they are written', async () => {
    const { text } = await browserOf(owner).get(filled('/users/:id'))
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect((await browserOf(owner).get(filled('/sessions/:id'))).text).toContain('hx-get=&quot;/steal&quot;')
  })

  test.each([
    `/users?q=${encodeURIComponent(evil)}`,
    `/users?sort=${encodeURIComponent(evil)}`,
    `/users?${encodeURIComponent(evil)}=1`,
    `/${encodeURIComponent(evil)}`,
    `/users/${encodeURIComponent(evil)}`,
    `/login?next=${encodeURIComponent(`/${evil}`)}`,
    `/users?after=${encodeURIComponent(evil)}`,
    `/sessions?kind=${encodeURIComponent(evil)}`,
  ])('in the address do nothing: %s', async (path) => {
    for (const browser of [browserOf(owner), visitor()]) expectHarmless(await browser.get(path), path)
  })

  test('in forms that come again do nothing', async () => {
    const fields = {
      username: evil,
      email: evil,
      first_name: evil,
      last_name: evil,
      locale: evil,
      time_zone: evil,
      status: evil,
      role_ids: evil,
      groups: evil,
    }
    const browser = browserOf(owner)
    const forms = [
      await browser.post('/users', fields),
      await browser.patch(`/users/${owner.id}`, {
        first_name: evil,
        locale: evil,
        time_zone: evil,
        email: evil,
      }),
      await browser.patch(`/users/${owner.id}`, { first_name: evil, version: '0' }),
      await browser.patch('/me', { first_name: evil, locale: evil }),
    ]
    for (const path of ['/login', '/register']) {
      const stranger = visitor()
      await stranger.get(path)
      forms.push(await stranger.post(path, { ...fields, password: evil, next: `/${evil}` }))
    }
    for (const form of forms) {
      expect(form.status).toBeGreaterThan(400)
      expect(form.text).toContain('&lt;script&gt;')
      expectHarmless(form, String(form.status))
    }
  })

  test('in cookies do nothing', async () => {
    const browser = browserOf(owner)
    const notice = new Browser(null, (await testDatabase()).app)
    for (const one of [browser, notice]) {
      one.cookies.set('notice', encodeURIComponent(evil)).set('theme', evil.replaceAll(/[;,\s]/g, ''))
      expectHarmless(await one.get('/login'), 'visitor')
      one.cookies.set('notice', encodeURIComponent(evil))
      expectHarmless(await one.get('/users'), 'page')
    }
  })

  test('in headers split nothing', async () => {
    for (const name of ['a\r\nX-Evil: 1', 'a\nSet-Cookie: x=y']) {
      const answer = await as(owner).post('/api/users', {
        username: `split${name.length}`,
        email: `split${name.length}@example.com`,
        first_name: name,
      })
      expect(answer.status).toBe(422)
      expect(answer.headers.get('x-evil')).toBeNull()
    }
  })
})

const security: Record<string, RegExp> = {
  'content-security-policy': /default-src 'none'.*frame-ancestors 'none'/,
  'x-content-type-options': /^nosniff$/,
  'cross-origin-resource-policy': /^same-origin$/,
}
const ofPages: Record<string, RegExp> = {
  'referrer-policy': /^same-origin$/,
  'x-frame-options': /^DENY$/,
  'cross-origin-opener-policy': /^same-origin$/,
  'permissions-policy': /camera=\(\)/,
  vary: /^Accept, HX-Request(, Accept-Encoding)?$/,
  'x-request-id': /^[0-9a-f-]{36}$/,
}

describe('every answer has its headers', () => {
  const browser = browserOf(owner)
  test.each<[string, () => Promise<Answer>, number]>([
    ['a page', () => browser.get('/users'), 200],
    ['a part', () => browser.get('/users', { 'HX-Request-Type': 'partial' }), 200],
    ['JSON', () => as(owner).get('/api/users'), 200],
    ['an unchanged record', () => as(owner).get(`/api/users/${owner.id}`, { 'If-None-Match': '*' }), 304],
    ['a redirect', () => visitor().get('/users'), 303],
    ['the sign-in page', () => visitor().get('/login'), 200],
    ['400', () => browser.get('/users?x=1'), 400],
    ['401', () => send('/api/users'), 401],
    ['403', () => send('/logout', { method: 'POST', headers: { Cookie: `session=${owner.cookie}` } }), 403],
    ['404 of a path', () => browser.get('/nowhere'), 404],
    ['404 of a record', () => browser.get('/users/nobody'), 404],
    ['404 of a static file', () => browser.get('/static/x/y.css'), 404],
    ['404 below /api', () => as(owner).get('/api/nowhere'), 404],
    ['405', () => as(owner).put('/api/users'), 405],
    ['406', () => browser.get('/users', { Accept: 'image/png' }), 406],
    [
      '413',
      () =>
        send('/api/users', {
          method: 'POST',
          headers: { 'Content-Length': '99999999', Authorization: `Bearer ${owner.token}` },
        }),
      413,
    ],
    [
      '415',
      () =>
        send('/api/users', {
          method: 'POST',
          body: 'x',
          headers: { Authorization: `Bearer ${owner.token}` },
        }),
      415,
    ],
    ['422', () => browser.post('/users', {}), 422],
  ])('%s', async (_, ask, status) => {
    const answer = await ask()
    expect(answer.status).toBe(status)
    for (const [name, value] of Object.entries({ ...security, ...ofPages }))
      expect(answer.headers.get(name), name).toMatch(value)
    expect(answer.headers.get('cache-control')).toMatch(/^private, no-(store|cache)$/)
    expect(answer.headers.get('x-powered-by')).toBeNull()
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
  })

  test('also those that failed', async () => {
    const broken = await anotherProcess()
    await broken[Symbol.asyncDispose]()
    for (const answer of [
      await browserOf(owner, broken.app).get('/users'),
      await as(owner, broken.app).get('/api/users'),
    ]) {
      expect(answer.status).toBe(503)
      for (const [name, value] of Object.entries({ ...security, ...ofPages }))
        expect(answer.headers.get(name), name).toMatch(value)
    }
  })

  test('static files, too, which are public and never change', async () => {
    const file = /"(\/static\/[^"]+\.js)"/.exec((await visitor().get('/login')).text)?.[1] as string
    const answer = await send(file, { headers: { 'Accept-Encoding': 'gzip' } })
    for (const [name, value] of Object.entries(security))
      expect(answer.headers.get(name), name).toMatch(value)
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    for (const path of [
      '../../package.json',
      '..%2f..%2fpackage.json',
      '%2e%2e/%2e%2e/src/main.ts',
      '//etc/passwd',
      'js/../../package.json',
    ]) {
      const folder = file.split('/').slice(0, 3).join('/')
      expect((await send(`${folder}/${path}`)).status, path).toBe(404)
    }
  })

  test('a nonce is used once', async () => {
    const nonces = await Promise.all(
      [1, 2, 3].map(
        async () =>
          /nonce-([^']+)/.exec(
            (await browser.get('/users')).headers.get('content-security-policy') ?? '',
          )?.[1],
      ),
    )
    expect(new Set(nonces).size).toBe(3)
    for (const nonce of nonces) expect(nonce?.length).toBeGreaterThanOrEqual(22)
  })

  test('no origin is let in by CORS', async () => {
    for (const Origin of ['https://evil.example', 'null', 'http://localhost']) {
      const preflight = await send('/api/users', {
        method: 'OPTIONS',
        headers: { Origin, 'Access-Control-Request-Method': 'POST' },
      })
      for (const answer of [preflight, await as(owner).get('/api/users', { Origin })]) {
        expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
      }
    }
  })
})
