import { describe, expect, test } from 'vitest'
import { Cookies } from '#src/http/cookies.ts'
import { clientIp, rateKey } from '#src/http/ip-ranges.ts'
import { paths, safeNext } from '#src/paths.ts'
import { Browser, browserOf, send, visitor } from '#tests/client.ts'
import { makePeople } from '#tests/people.ts'
import { testConfig, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { anotherProcess } = await testDatabase()
const { owner, member } = await makePeople()

describe('the address of a client', () => {
  test.each<[string, string[], string | undefined, string | undefined, string | null]>([
    ['no proxy is trusted', [], '203.0.113.9', '1.1.1.1', '203.0.113.9'],
    ['the connection is no proxy’s', ['10.0.0.1'], '203.0.113.9', '1.1.1.1', '203.0.113.9'],
    ['a proxy names it', ['10.0.0.1'], '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['a client forges a hop before', ['10.0.0.1'], '10.0.0.1', '1.1.1.1, 203.0.113.9', '203.0.113.9'],
    [
      'there are proxies in a row',
      ['10.0.0.0/8'],
      '10.0.0.1',
      '1.1.1.1, 203.0.113.9, 10.2.3.4',
      '203.0.113.9',
    ],
    ['a client forges a proxy’s address', ['10.0.0.0/8'], '10.0.0.1', '10.9.9.9, 203.0.113.9', '203.0.113.9'],
    ['all hops are proxies', ['10.0.0.0/8'], '10.0.0.1', '10.2.2.2, 10.3.3.3', '10.0.0.1'],
    ['a hop is nonsense', ['10.0.0.1'], '10.0.0.1', '203.0.113.9, nonsense', '10.0.0.1'],
    ['the proxy is named as IPv6', ['::1'], '::1', '2001:db8::7', '2001:db8::7'],
    ['IPv4 comes as IPv6', ['10.0.0.1'], '::ffff:10.0.0.1', '::ffff:203.0.113.9', '203.0.113.9'],
    [
      'IPv4 comes as IPv6 of another form',
      ['10.0.0.1'],
      '0:0::FFFF:a00:1',
      '::FFFF:cb00:7109',
      '203.0.113.9',
    ],
    ['a hop has a port', ['10.0.0.1'], '10.0.0.1', '203.0.113.9:4711', '203.0.113.9'],
    ['a hop of IPv6 has a port', ['10.0.0.1'], '10.0.0.1', '[2001:db8::7]:443', '2001:db8::7'],
    ['it is of this link', [], 'fe80::7%eth0', undefined, 'fe80::7'],
    ['a range of IPv6 is trusted', ['2001:db8::/32'], '2001:db8:1::1', '198.51.100.4', '198.51.100.4'],
    ['the header is empty', ['10.0.0.1'], '10.0.0.1', '', '10.0.0.1'],
    ['there is no connection', ['10.0.0.1'], undefined, '1.1.1.1', null],
  ])('where %s', (_, trusted, socket, forwarded, expected) => {
    expect(clientIp(trusted)(socket, forwarded)).toBe(expected)
  })

  test.each([
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
    ['2001:db8:1:2::1', '2001:0DB8:0001:0002:0:0:0:9', true],
    ['2001:db8::1', '2001:db8:0:0:1::', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['2001:db8:1:2::1', '2001:db9:1:2::1', false],
    ['::1', '::2', true],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
  ])('%s and %s count together: %s', (a, b, together) => {
    expect(rateKey(a) === rateKey(b)).toBe(together)
  })
})

describe('where to go on to after signing in', () => {
  const astray = [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    'javascript:alert(1)',
    'evil.example',
    '',
    ' //evil.example',
    '/%09/../\\evil.example',
    '///evil.example',
    'http:evil',
    '/a\r\nSet-Cookie: a=b',
  ]
  test.each(astray)('not %j', (next) => {
    const there = new URL(safeNext(next), 'http://localhost')
    expect([there.origin, there.pathname]).toEqual(['http://localhost', '/'])
  })

  test.each(['/users?q=a%2F%2Fb', '/users', '/users?next=//evil.example', '/.//evil.example'])(
    'but %s',
    (next) => {
      expect(new URL(safeNext(next), 'http://localhost').origin).toBe('http://localhost')
      expect(safeNext(next)).toBe(next)
    },
  )

  test.each(astray)('neither by the form, nor when signed in already: %j', async (next) => {
    const browser = visitor()
    const page = await browser.get(`/login?next=${encodeURIComponent(next)}`)
    expect(page.status).toBe(200)
    expect(page.text).not.toContain('name="next"')
    const done = await browser.post('/login', { username: member.username, password: PASSWORD, next })
    expect([done.status, done.headers.get('location')]).toEqual([303, '/'])
    const again = await browser.get(`/login?next=${encodeURIComponent(next)}`)
    expect([again.status, again.headers.get('location')]).toEqual([303, '/'])
  })

  test('with letters that no header takes, it still leads there', async () => {
    const browser = visitor()
    await browser.get('/login')
    const done = await browser.post('/login', {
      username: member.username,
      password: PASSWORD,
      next: '/users?q=Łódź 🦕',
    })
    expect(done.status).toBe(303)
    expect(decodeURI(done.headers.get('location') ?? '')).toBe('/users?q=Łódź 🦕')
  })

  test('through the whole way: asked for, sent to sign in, and back', async () => {
    const browser = visitor()
    const sent = await browser.get('/users?q=a%26b&sort=-name')
    const login = sent.headers.get('location') as string
    expect(login).toBe('/login?next=%2Fusers%3Fq%3Da%2526b%26sort%3D-name')
    const page = await browser.get(login)
    const next = /name="next" value="([^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') as string
    const done = await browser.post('/login', { username: owner.username, password: PASSWORD, next })
    expect(done.headers.get('location')).toBe('/users?q=a%26b&sort=-name')
  })
})

describe('under a prefix', async () => {
  const there = await anotherProcess({ URL_PREFIX: '/back/office' })
  const names = new Cookies(there.config)
  const inside = () => {
    const browser = new Browser(null, there.app)
    browser.cookies.set(names.session, owner.cookie)
    return browser
  }

  test('everything is there, and nothing elsewhere', async () => {
    for (const path of ['/users', '/', '/me', '/users/new', `/users/${member.id}`]) {
      const page = await inside().get(`/back/office${path === '/' ? '' : path}`)
      expect(page.status, path).toBe(200)
      const links = [...page.text.matchAll(/(?:href|src|action|hx-[a-z]+)="(\/[^"]*)"/g)].map(
        ([, link]) => link,
      )
      expect(links.length).toBeGreaterThan(5)
      expect(links.filter((link) => !link?.startsWith('/back/office'))).toEqual([])
      expect((await inside().get(path)).status, path).toBe(404)
    }
    for (const path of ['/back/officeusers', '/back', '/back/office/../users'])
      expect((await inside().get(path)).status).toBe(404)
  })

  test('static files, the JSON’s places and redirects move along', async () => {
    const page = await inside().get('/back/office/users')
    const files = [...page.text.matchAll(/"(\/back\/office\/static\/[^"]+)"/g)].map(
      ([, file]) => file as string,
    )
    expect(files.length).toBeGreaterThan(2)
    for (const file of files) expect((await send(file, {}, there.app)).status, file).toBe(200)
    const bearer = { Authorization: `Bearer ${owner.token}`, 'Content-Type': 'application/json' }
    const body = JSON.stringify({ username: 'prefixed', email: 'prefixed@example.com' })
    const made = await send('/back/office/api/v1/users', { method: 'POST', headers: bearer, body }, there.app)
    expect(made.headers.get('location')).toMatch(/^\/back\/office\/api\/v1\/users\/[0-9a-f-]{36}$/)
    const list = await send('/back/office/api/users?limit=1', { headers: bearer }, there.app)
    expect(list.headers.get('link')).toMatch(/^<\/back\/office\/api\/users\?limit=1&after=/)
    const out = await new Browser(null, there.app).get('/back/office/users')
    expect(out.headers.get('location')).toBe('/back/office/login?next=%2Fusers')
    const problem = await send('/back/office/api/nowhere', { headers: bearer }, there.app)
    expect(problem.headers.get('content-type')).toContain('problem+json')
  })

  test('its cookies are its own', async () => {
    const { status } = await browserOf(owner, there.app).get('/back/office/users')
    expect(status).toBe(303)
    expect(names.session).toMatch(/^session-[0-9a-f]{8}$/)
  })
})

describe('cookies', () => {
  const of = (overrides: Record<string, string>) => new Cookies(testConfig(overrides))

  test('over https are bound to the host', () => {
    const cookies = of({ PUBLIC_URL: 'https://ambit.example.com' })
    expect([cookies.session, cookies.visitor]).toEqual(['__Host-session', '__Host-visitor'])
    for (const line of [
      cookies.setSession('t'),
      cookies.setVisitor('t'),
      cookies.setNotice('n'),
      cookies.drop(cookies.session),
    ]) {
      expect(line).toMatch(/^__Host-.*; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
      expect(line).not.toMatch(/Domain/i)
    }
    expect(cookies.setSession('t')).toContain('; Max-Age=2592000;')
    expect(cookies.drop(cookies.session)).toContain('Max-Age=0')
  })

  test('on plain http are without prefix, and still closed to scripts', () => {
    const cookies = of({})
    expect(cookies.session).toBe('session')
    expect(cookies.setSession('t')).toBe('session=t; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax')
  })

  test('of two installations on one host are different', () => {
    const installations = [
      {},
      { PORT: '8081' },
      { PORT: '8082' },
      { URL_PREFIX: '/a' },
      { URL_PREFIX: '/b' },
      { URL_PREFIX: '/a', PORT: '8081' },
    ]
    const secure = installations
      .slice(3, 5)
      .map((each) => ({ ...each, PUBLIC_URL: 'https://ambit.example.com' }))
    const all = [...installations, ...secure].map((each) => of(each as Record<string, string>).session)
    expect(new Set(all).size).toBe(all.length)
    expect(of({ PORT: '8081', PUBLIC_URL: 'https://ambit.example.com' }).session).toBe('__Host-session')
  })

  test('a notice can’t break out of its cookie', () => {
    expect(of({}).setNotice('a; Path=/x\r\nSet-Cookie: b=c')).toMatch(
      /^notice=a%3B%20Path%3D%2Fx%0D%0ASet-Cookie%3A%20b%3Dc; Max-Age=60/,
    )
  })
})

test('every path is written once, and begins at the root', () => {
  const all = Object.values(paths).flatMap((path) => (typeof path === 'string' ? [path] : []))
  expect(all.length).toBeGreaterThan(8)
  for (const path of all) expect(path).toMatch(/^\//)
})
