import type { HttpBindings } from '@hono/node-server'
import { describe, expect, test } from 'vitest'
import { createApp } from '#src/app.ts'
import type { Problem } from '#tests/client.ts'
import { makePeople } from '#tests/people.ts'
import { testConfig, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const here = await testDatabase()
const { owner } = await makePeople()

function serving(settings: Record<string, string>) {
  const warnings: object[] = []
  const log = { warn: (details: object) => void warnings.push(details), error: () => {} }
  return { warnings, app: createApp({ ...here, config: testConfig(settings), log }) }
}

type Settings = Record<string, string>

/** A browser at https://ambit.example.com signs in; TLS ends at a proxy, which asks by http. */
async function signIn(app: ReturnType<typeof createApp>, headers: Settings = {}, peer = '10.0.0.9') {
  const response = await app.request(
    'http://ambit.example.com/api/v1/auth/login',
    {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Origin: 'https://ambit.example.com',
        'Sec-Fetch-Site': 'same-origin',
        ...headers,
      },
      body: JSON.stringify({ username: owner.username, password: PASSWORD }),
    },
    { incoming: { socket: { remoteAddress: peer } } } as unknown as HttpBindings,
  )
  return { status: response.status, problem: (await response.json()) as Problem }
}

describe('behind a proxy that ends TLS', () => {
  const forwarded = { 'X-Forwarded-Proto': 'https' }

  test('without PUBLIC_URL, the refusal says what came and what was expected, and so does the log', async () => {
    const { app, warnings } = serving({})
    const { status, problem } = await signIn(app)
    expect([status, problem.type]).toEqual([403, 'csrf'])
    expect(problem.detail).toContain('from https://ambit.example.com')
    expect(problem.detail).toContain('http://ambit.example.com was expected')
    expect(problem.detail).toContain('PUBLIC_URL')
    expect(warnings).toEqual([{ expected: 'http://ambit.example.com', came: 'https://ambit.example.com' }])
    // a line a minute, however much comes from elsewhere
    for (let n = 0; n < 5; n++) expect((await signIn(app)).status).toBe(403)
    expect(warnings).toHaveLength(1)
  })

  test.each<[string, Settings, Settings, string?]>([
    ['PUBLIC_URL', { PUBLIC_URL: 'https://ambit.example.com' }, {}],
    ['PUBLIC_URL with a path', { PUBLIC_URL: 'https://ambit.example.com/', TRUSTED_PROXIES: '' }, {}],
    ['a proxy that is trusted', { TRUSTED_PROXIES: '10.0.0.0/8' }, forwarded],
    [
      'the first of several proxies',
      { TRUSTED_PROXIES: '10.0.0.0/8' },
      { 'X-Forwarded-Proto': 'https, http' },
    ],
    ['IPv4 written as IPv6', { TRUSTED_PROXIES: '10.0.0.0/8' }, forwarded, '::ffff:10.0.0.9'],
  ])('works by %s', async (_, settings, headers, peer) => {
    const { app, warnings } = serving(settings)
    expect((await signIn(app, headers, peer)).status).toBe(200)
    expect(warnings).toEqual([])
  })

  test.each<[string, Settings, Settings]>([
    ['a proxy that isn’t trusted', { TRUSTED_PROXIES: '192.0.2.0/24' }, forwarded],
    ['nobody that is trusted', {}, forwarded],
    [
      'a scheme that is none',
      { TRUSTED_PROXIES: '10.0.0.0/8' },
      { 'X-Forwarded-Proto': 'https://evil.example' },
    ],
    ['another address that is set', { PUBLIC_URL: 'https://other.example.com' }, forwarded],
  ])('doesn’t by the word of %s', async (_, settings, headers) => {
    expect((await signIn(serving(settings).app, headers)).status).toBe(403)
  })

  test('what a page elsewhere calls itself is told, and no more of it than an address is long', async () => {
    const { app, warnings } = serving({ PUBLIC_URL: 'https://ambit.example.com' })
    const { status, problem } = await signIn(app, { Origin: `https://${'x'.repeat(5000)}.example` })
    expect(status).toBe(403)
    expect(problem.detail.length).toBeLessThan(500)
    expect(JSON.stringify(warnings).length).toBeLessThan(400)
    const hushed = await signIn(serving({}).app, {
      'Sec-Fetch-Site': 'cross-site',
      Origin: 'http://ambit.example.com',
    })
    expect(hushed.problem.detail).toContain('elsewhere (cross-site)')
  })
})

describe('Strict-Transport-Security', () => {
  const paths = ['/login', '/users', '/api/v1/users', '/api/v1/nothing', '/nothing', '/health']
  const of = async (settings: Settings, path: string) => {
    const { app } = serving(settings)
    return (await app.request(path)).headers.get('strict-transport-security')
  }

  test.each(paths)('is said where people come by https: %s', async (path) => {
    expect(await of({ PUBLIC_URL: 'https://ambit.example.com' }, path)).toBe('max-age=31536000')
    expect(await of({ PUBLIC_URL: 'http://ambit.example.com' }, path)).toBeNull()
    expect(await of({}, path)).toBeNull()
  })

  test('by static files, too', async () => {
    const { app } = serving({ PUBLIC_URL: 'https://ambit.example.com' })
    const page = await (await app.request('/login')).text()
    const [file = ''] = /\/static\/[^"]+\.css/.exec(page) ?? []
    const answer = await app.request(file)
    expect([answer.status, answer.headers.get('strict-transport-security')]).toEqual([
      200,
      'max-age=31536000',
    ])
  })
})
