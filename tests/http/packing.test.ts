import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Cookies } from '#src/http/cookies.ts'
import { csrfToken } from '#src/http/csrf.ts'
import { as, browserOf, send } from '#tests/client.ts'
import { makeUser } from '#tests/factories.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { app, config } = await testDatabase()
const { owner, org } = await makePeople()
for (let n = 0; n < 25; n++) await makeUser(org)

const names = new Cookies(config)
async function get(path: string, accepted: string | null, headers: Record<string, string> = {}) {
  const own = { Cookie: `${names.session}=${owner.cookie}`, Accept: 'text/html', ...headers }
  const answer = await app.request(path, {
    headers: accepted === null ? own : { ...own, 'Accept-Encoding': accepted },
  })
  return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) }
}

describe('a page', () => {
  test('is packed for whoever takes it, and small then', async () => {
    const { headers, body } = await get('/users', 'gzip, deflate, br')
    expect(headers.get('content-encoding')).toBe('gzip')
    expect(headers.get('vary')).toBe('Accept, HX-Request, Accept-Encoding')
    expect(headers.get('content-type')).toBe('text/html; charset=UTF-8')
    // what a page may weigh on every visit but the first
    expect(body.length).toBeLessThan(15_000)
    expect(gunzipSync(body).toString()).toMatch(/<!DOCTYPE html>[\s\S]+<\/html>/i)
  })

  test.each([null, '', 'br', 'gzip;q=0', 'x-gzipped'])(
    'is not where that is not taken: %s',
    async (accepted) => {
      const { headers, body } = await get('/users', accepted)
      expect(headers.get('content-encoding')).toBeNull()
      expect(body.toString()).toContain('</html>')
    },
  )
})

test('an error’s page is packed; files are not', async () => {
  expect((await get('/nothing/here', 'gzip')).headers.get('content-encoding')).toBe('gzip')
  const { headers, body } = await get('/users', 'gzip', { Accept: 'text/csv' })
  expect(headers.get('content-encoding')).toBeNull()
  expect(body.length).toBeGreaterThan(1000)
})

describe('JSON', () => {
  const json = { Accept: 'application/json' }

  test('is packed as a page is, and only where it gets smaller', async () => {
    const plain = await get('/users', null, json)
    const packed = await get('/users', 'gzip', json)
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(packed.body.length).toBeLessThan(plain.body.length / 3)
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true)
    for (const { headers } of [plain, packed]) expect(headers.get('vary')).toMatch(/, Accept-Encoding$/)
    const short = await get('/users?limit=1&fields=id&q=nobody-at-all', 'gzip', json)
    expect(short.headers.get('content-encoding')).toBeNull()
  })

  test('has a tag of its own when it is packed, and 304 for the copy that somebody has', async () => {
    const tagged = async (accepted: string | null) =>
      (await get('/users', accepted, json)).headers.get('etag')
    const [plain, packed] = [await tagged(null), await tagged('gzip')]
    expect(plain).toMatch(/^"[0-9a-f]{32}"$/)
    expect(packed).toBe(plain?.replace(/"$/, '-gzip"'))
    const again = (accepted: string | null, tag: string | null) =>
      get('/users', accepted, { ...json, 'If-None-Match': tag ?? '' })
    for (const [accepted, tag, other] of [
      [null, plain, packed],
      ['gzip', packed, plain],
    ] as const) {
      const same = await again(accepted, tag)
      expect([same.status, same.body.length, same.headers.get('etag')]).toEqual([304, 0, tag])
      expect(same.headers.get('content-encoding')).toBeNull()
      expect((await again(accepted, other)).status).toBe(200)
    }
  })

  test('packed, its tag is as good for a change', async () => {
    const { id } = await makeUser(org)
    const { headers } = await get(`/users/${id}`, 'gzip', json)
    const match = `${(headers.get('etag') ?? '').replace(/(-gzip)?"$/, '')}-gzip"`
    const change = (tag: string) =>
      as(owner).patch(`/api/users/${id}`, { first_name: 'New' }, { 'If-Match': tag })
    expect((await change(match)).status).toBe(200)
    expect((await change(match)).status).toBe(412)
  })

  test('is not packed where it holds a secret', async () => {
    const addresses = Array.from({ length: 80 }, (_, n) => `192.0.2.${n}`)
    const sent = { name: 'Key', permissions: ['user:read:own'], allowed_addresses: addresses }
    const answer = await send('/api/api-keys', {
      method: 'POST',
      headers: {
        ...json,
        Authorization: `Bearer ${owner.token}`,
        'Content-Type': 'application/json',
        'Accept-Encoding': 'gzip',
      },
      body: JSON.stringify(sent),
    })
    expect([answer.status, answer.headers.get('content-encoding')]).toEqual([201, null])
    expect(answer.text.length).toBeGreaterThan(1000)
    expect(answer.json<{ secret: string }>().secret).toMatch(/^amb_/)
  })
})

test('a form’s token is another one in each page, and each is good for its session alone', async () => {
  const tokens = new Set<string>()
  for (let n = 0; n < 5; n++) {
    const { body } = await get('/users/new', null)
    tokens.add(/name="csrf_token" value="([^"]+)"/.exec(body.toString())?.[1] as string)
  }
  expect(tokens.size).toBe(5)
  const browser = browserOf(owner)
  for (const csrf_token of tokens) expect((await browser.post('/users', { csrf_token })).status).toBe(422)
  const other = csrfToken(config.SECRET_KEY, (await makeUser(org)).cookie)
  const [one = ''] = tokens
  const cut = Buffer.from(one, 'base64url')
  for (const csrf_token of [
    other,
    '',
    one.slice(0, 43),
    cut.subarray(32).toString('base64url'),
    `${one}AAAA`,
  ])
    expect((await browser.post('/users', { csrf_token })).status).toBe(403)
})
