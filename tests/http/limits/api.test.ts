import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { slackOf } from '#src/platform/window-counter.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { type Answer, anonymous, as, browserOf, Program, send, visitor } from '#tests/client.ts'
import { makeUser, openSession, roleOf } from '#tests/factories.ts'
import { makePeople } from '#tests/people.ts'
import { type App, testDatabase } from '#tests/setup/database.ts'

const { owner: past, anotherProcess } = await testDatabase()
const { owner, member, org } = await makePeople()

const LIMIT = 20
const settings = {
  RATE_LIMIT_ENABLED: 'true',
  RATE_LIMIT_REQUESTS: String(LIMIT),
  RATE_LIMIT_WINDOW: '60',
  TRUSTED_PROXIES: '192.0.2.0/24',
}
const limited = (overrides = {}) => anotherProcess({ ...settings, ...overrides })
const remaining = ({ headers }: Answer) => headers.get('ratelimit-remaining')
const at = (address: string) => ({ 'X-Forwarded-For': address })
const LIST = '/api/users?limit=1'

beforeEach(() => sql`delete from rate_limits`.execute(past))

describe('calls of the API', () => {
  test('say what is left, and are refused when nothing is', async () => {
    await using here = await limited()
    const person = await makeUser(org)
    const program = as(person, here.app)
    for (let n = LIMIT - 1; n >= 0; n--) {
      const answer = await program.get('/api/auth/me')
      expect([answer.status, remaining(answer)]).toEqual([200, String(n)])
      const reset = answer.headers.get('ratelimit-reset')
      expect(Number(reset)).toBeGreaterThan(50)
      expect(answer.headers.get('ratelimit')).toBe(`"api";r=${n};t=${reset}`)
      expect(answer.headers.get('ratelimit-policy')).toBe('"api";q=20;w=60')
      expect(answer.headers.get('ratelimit-limit')).toBe('20')
    }
    const over = await program.get('/api/auth/me')
    expect(over.status).toBe(429)
    expect(over.headers.get('content-type')).toMatch('application/problem+json')
    expect(over.json()).toMatchObject({ status: 429, title: 'Too many requests', type: 'quota-exceeded' })
    const wait = over.headers.get('retry-after')
    expect(over.headers.get('ratelimit')).toBe(`"api";r=0;t=${wait}`)
    expect(Number(wait)).toBeGreaterThan(50)
    expect(Number(wait)).toBeLessThanOrEqual(60)
    // writes too, and nothing is written
    expect((await program.post('/api/users', {})).status).toBe(429)
  })

  test('are counted whatever their answer, and by HEAD', async () => {
    await using here = await limited()
    const person = await makeUser(org)
    const program = as(person, here.app)
    const statuses: number[] = []
    const left: (string | null)[] = []
    for (const path of ['/api/auth/me', '/api/users', '/api/nothing/here', `/api/roles/${org.id}`]) {
      const answer = await program.get(path)
      statuses.push(answer.status)
      left.push(remaining(answer))
    }
    expect(statuses).toEqual([200, 403, 404, 403])
    expect(left).toEqual(['19', '18', '17', '16'])
    const headers = { Authorization: `Bearer ${person.token}` }
    const head = await send('/api/auth/me', { method: 'HEAD', headers }, here.app)
    expect(remaining(head)).toBe('15')
    const file = await as(owner, here.app).get('/api/users?format=csv')
    expect([file.status, remaining(file)]).toEqual([200, '19'])
  })

  test('are one count for all sessions of a person, and each person’s own', async () => {
    await using here = await limited()
    const person = await makeUser(org)
    const other = new Program(await openSession(person, 'token'), here.app)
    expect(remaining(await as(person, here.app).get('/api/auth/me'))).toBe('19')
    expect(remaining(await other.get('/api/v1/auth/me'))).toBe('18')
    const browser = browserOf(person, here.app)
    expect(remaining(await browser.get('/users', { Accept: 'application/json' }))).toBe('17')
    expect(remaining(await as(member, here.app).get(LIST))).toBe('19')
  })

  test('by a key are the key’s', async () => {
    await using here = await limited()
    const person = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    const [one, two] = [await withKey(person, ['user:read:all']), await withKey(person, ['user:read:all'])]
    expect(remaining(await as(one, here.app).get(LIST))).toBe('19')
    expect(remaining(await as(one, here.app).get(LIST))).toBe('18')
    expect(remaining(await as(two, here.app).get(LIST))).toBe('19')
    expect(remaining(await as(person, here.app).get(LIST))).toBe('19')
  })

  test('of nobody are counted by address: a /64, and what the proxy says', async () => {
    await using here = await limited({ RATE_LIMIT_REQUESTS: '3' })
    const nobody = anonymous(here.app)
    const ask = async (address: string) => (await nobody.get(LIST, at(address))).status
    const many = async (addresses: string[]) => {
      const all: number[] = []
      for (const address of addresses) all.push(await ask(address))
      return all
    }
    expect(await many(['9.9.9.9', '1.1.1.1, 9.9.9.9', '2.2.2.2, 9.9.9.9', '9.9.9.9'])).toEqual([
      401, 401, 401, 429,
    ])
    expect(await many([1, 2, 3, 4].map((n) => `2001:db8:1:1::${n}`))).toEqual([401, 401, 401, 429])
    expect(await ask('2001:db8:1:2::1')).toBe(401)
    // tokens that are nobody's are nobody's calls
    const guess = () => new Program('A'.repeat(43), here.app).get(LIST, at('9.9.9.8'))
    const guesses: number[] = []
    for (let n = 0; n < 4; n++) guesses.push((await guess()).status)
    expect(guesses).toEqual([401, 401, 401, 429])
    // and whoever is somebody is not concerned
    expect((await as(owner, here.app).get(LIST, at('9.9.9.9'))).status).toBe(200)
  })

  test('are neither pages, nor their parts and files, nor monitors’', async () => {
    await using here = await limited({ RATE_LIMIT_REQUESTS: '1' })
    const person = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    const browser = browserOf(person, here.app)
    const page = await browser.get('/')
    const [file = ''] = /\/static\/[^"]+\.css/.exec(page.text) ?? []
    const own = { Accept: 'application/json', 'Sec-Fetch-Site': 'same-origin' }
    for (let n = 0; n < 3; n++) {
      const answers = [
        await browser.get('/'),
        await browser.get('/', { 'HX-Request-Type': 'partial' }),
        await browser.get('/users', own),
        await visitor(here.app).get('/login'),
        await send(file, {}, here.app),
        await anonymous(here.app).get('/health'),
        await anonymous(here.app).get('/api/health/ready'),
      ]
      expect(answers.map(({ status }) => status)).toEqual(Array(7).fill(200))
      expect(answers.map(remaining)).toEqual(Array(7).fill(null))
    }
    expect((await as(person, here.app).get('/api/auth/me')).status).toBe(200)
    expect((await as(person, here.app).get('/api/auth/me')).status).toBe(429)
    // a bearer is a program's, whatever else it says
    expect((await as(person, here.app).get('/users', own)).status).toBe(429)
    expect((await browser.get('/')).status).toBe(200)
  })

  test('begin anew after their time', async () => {
    await using here = await limited({ RATE_LIMIT_REQUESTS: '2', RATE_LIMIT_WINDOW: '2' })
    const program = as(await makeUser(org), here.app)
    const statuses: number[] = []
    for (let n = 0; n < 3; n++) statuses.push((await program.get('/api/auth/me')).status)
    expect(statuses).toEqual([200, 200, 429])
    await sleep(2100)
    expect((await program.get('/api/auth/me')).status).toBe(200)
  })

  test('aren’t counted where that is switched off', async () => {
    await using here = await limited({ RATE_LIMIT_REQUESTS: '1', RATE_LIMIT_ENABLED: 'false' })
    for (let n = 0; n < 3; n++) {
      const answer = await as(owner, here.app).get(LIST)
      expect([answer.status, answer.headers.get('ratelimit')]).toEqual([200, null])
    }
  })
})

describe('counting', () => {
  const burst = async (app: App, person: { token: string }, times: number) => {
    const all = Array.from({ length: times }, () => new Program(person.token, app).get('/api/auth/me'))
    return (await Promise.all(all)).filter(({ status }) => status === 200).length
  }

  test('is exact in one process, however many come at once', async () => {
    await using here = await limited()
    expect(await burst(here.app, await makeUser(org), 60)).toBe(LIMIT)
  })

  test('of two processes gives too many by a tenth of the limit at most', async () => {
    await using one = await limited()
    await using two = await limited()
    for (let round = 0; round < 3; round++) {
      const person = await makeUser(org)
      const [a, b] = await Promise.all([burst(one.app, person, 40), burst(two.app, person, 40)])
      expect(a + b).toBeGreaterThanOrEqual(LIMIT)
      expect(a + b).toBeLessThanOrEqual(LIMIT + slackOf(LIMIT))
    }
  })

  test('is known to the others a moment later', async () => {
    await using one = await limited()
    await using two = await limited()
    const person = await makeUser(org)
    expect(await burst(one.app, person, 15)).toBe(15)
    await sleep(400)
    expect(await burst(two.app, person, 15)).toBe(LIMIT - 15)
    await sleep(400)
    // one knows no more than what it was told when it settled last
    expect(await burst(one.app, person, 15)).toBeLessThanOrEqual(slackOf(LIMIT))
    await sleep(400)
    expect(await burst(one.app, person, 15)).toBe(0)
  })

  test('adds no round trip to a call, and none to one that is refused', async () => {
    await using here = await limited({ RATE_LIMIT_REQUESTS: '200' })
    const program = as(owner, here.app)
    await program.get(LIST)
    await sleep(400)
    const before = { ...here.db.counted }
    const begun = performance.now()
    for (let n = 0; n < 10; n++) await program.get(LIST)
    const trips = here.db.counted.roundTrips - before.roundTrips
    const statements = here.db.counted.statements - before.statements
    // a read is two statements in one trip, what is settled is one in one
    expect(statements - trips).toBe(10)
    expect(trips - 10).toBeLessThanOrEqual((performance.now() - begun) / 200 + 1)
    await burst(here.app, owner, 220)
    await sleep(400)
    const then = { ...here.db.counted }
    expect(await burst(here.app, owner, 50)).toBe(0)
    expect(here.db.counted).toEqual(then)
  })
})
