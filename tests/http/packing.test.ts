import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Cookies } from '#src/http/cookies.ts'
import { csrfToken } from '#src/http/csrf.ts'
import { browserOf } from '#tests/client.ts'
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
  return { headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) }
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

test('an error’s page is packed; JSON and files are not', async () => {
  expect((await get('/nothing/here', 'gzip')).headers.get('content-encoding')).toBe('gzip')
  for (const more of [{ Accept: 'application/json' }, { Accept: 'text/csv' }]) {
    const { headers, body } = await get('/users', 'gzip', more)
    expect(headers.get('content-encoding')).toBeNull()
    expect(body.length).toBeGreaterThan(1000)
  }
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
