import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { anonymous, as, visitor } from '#tests/client.ts'
import { makeUser, unique } from '#tests/factories.ts'
import { makePeople } from '#tests/people.ts'
import { type App, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner: past, anotherProcess } = await testDatabase()
const { owner, org } = await makePeople()

describe('a name', async () => {
  const strict = await anotherProcess({ LOCKOUT_ATTEMPTS: '3', LOCKOUT_MINUTES: '2' })
  const attempt = (username: string, password: string) =>
    anonymous(strict.app).post('/api/auth/login', { username, password })

  test('is locked after so many wrong passwords, whether anybody has it or not', async () => {
    const known = await makeUser(org)
    const outcomes: string[][] = []
    for (const name of [known.username, unique('nobody')]) {
      const statuses: string[] = []
      for (let n = 0; n < 5; n++) {
        const answer = await attempt(name, 'Wrong-Password-7')
        const wait = Number(answer.headers.get('retry-after'))
        if (answer.status === 429) expect(wait).toBeGreaterThan(100)
        if (answer.status === 429) expect(wait).toBeLessThanOrEqual(120)
        statuses.push(`${answer.status} ${answer.json().detail}`)
      }
      outcomes.push(statuses)
    }
    expect(outcomes[0]).toEqual(outcomes[1])
    expect(outcomes[0]?.map((line) => line.slice(0, 3))).toEqual(['401', '401', '429', '429', '429'])
    // the right password opens nothing meanwhile, and everything afterwards
    expect((await attempt(known.username, PASSWORD)).status).toBe(429)
    await past
      .updateTable('accounts')
      .set({ locked_until: sql<string>`now()` })
      .where('id', '=', known.accountId)
      .execute()
    expect((await attempt(known.username, PASSWORD)).status).toBe(200)
    const { rows } = await sql<{
      action: string
    }>`select action from security_events where account_id = ${known.accountId} order by id`.execute(past)
    const actions = rows.map(({ action }) => action)
    expect(actions.slice(0, 2)).toEqual(['sign_in:failed', 'sign_in:failed'])
    // what comes while it is locked stands there too
    expect(new Set(actions.slice(2))).toEqual(new Set(['sign_in:locked']))
  })

  test('that signs in begins to count anew, and doesn’t lock others', async () => {
    const [one, other] = [await makeUser(org), await makeUser(org)]
    for (const _ of [1, 2, 3]) {
      for (const __ of [1, 2]) expect((await attempt(one.username, 'Wrong-Password-7')).status).toBe(401)
      expect((await attempt(one.username, PASSWORD)).status).toBe(200)
    }
    expect((await attempt(other.username, PASSWORD)).status).toBe(200)
  })
})

describe('an address', () => {
  const limits = {
    RATE_LIMIT_ENABLED: 'true',
    SIGN_IN_ATTEMPTS: '4',
    RATE_LIMIT_WINDOW: '60',
    LOCKOUT_ATTEMPTS: '1000',
  }
  const limited = () => anotherProcess(limits)
  const behind = () => anotherProcess({ ...limits, TRUSTED_PROXIES: '192.0.2.0/24' })
  beforeEach(() => sql`delete from rate_limits`.execute(past))
  const attempt = ({ app }: { app: App }, forwarded?: string, path = '/api/auth/login') =>
    anonymous(app).post(
      path,
      { username: unique('nobody'), password: 'x' },
      forwarded ? { 'X-Forwarded-For': forwarded } : {},
    )
  const statuses = async (times: number, one: (n: number) => ReturnType<typeof attempt>) => {
    const all: number[] = []
    for (let n = 0; n < times; n++) all.push((await one(n)).status)
    return all
  }

  test('has so many attempts, and is then told to wait', async () => {
    await using here = await limited()
    expect(await statuses(4, () => attempt(here))).toEqual([401, 401, 401, 401])
    const over = await attempt(here)
    expect(over.status).toBe(429)
    expect(over.headers.get('content-type')).toMatch('application/problem+json')
    const wait = Number(over.headers.get('retry-after'))
    expect(wait).toBeGreaterThan(50)
    expect(wait).toBeLessThanOrEqual(60)
    expect(over.headers.get('ratelimit')).toBe(`"sign-in";r=0;t=${wait}`)
    expect(over.headers.get('ratelimit-policy')).toBe('"sign-in";q=4;w=60')
    const page = visitor(here.app)
    await page.get('/login')
    const form = await page.post('/login', { username: 'x', password: 'y' })
    expect([form.status, form.headers.get('content-type')]).toEqual([429, 'text/html; charset=UTF-8'])
    expect(form.text).toMatch(/Try again in \d+ seconds/)
    expect(form.headers.get('retry-after')).toBeTruthy()
    // who is signed in already isn't concerned
    expect((await as(owner, here.app).get('/api/users')).status).toBe(200)
  })

  test('is not changed by a header that nobody trusted wrote', async () => {
    await using here = await limited()
    const rotating = (n: number) => attempt(here, `203.0.113.${n}`)
    expect(await statuses(6, rotating)).toEqual([401, 401, 401, 401, 429, 429])
    await using proxied = await behind()
    expect(await statuses(1, () => attempt(proxied, '203.0.113.1'))).toEqual([401])
  })

  test('is taken from a proxy, and forged hops before it don’t count', async () => {
    await using here = await behind()
    const forging = (n: number) => attempt(here, `198.51.100.${n}, 203.0.113.7`)
    expect(await statuses(5, forging)).toEqual([401, 401, 401, 401, 429])
    expect((await attempt(here, '203.0.113.8')).status).toBe(401)
  })

  test('of IPv6 is a whole /64; IPv4 written as IPv6 is IPv4', async () => {
    await using here = await behind()
    const rotating = (n: number) => attempt(here, `2001:db8:7:7::${n + 1}`)
    expect(await statuses(5, rotating)).toEqual([401, 401, 401, 401, 429])
    expect((await attempt(here, '2001:db8:7:8::1')).status).toBe(401)
    const spelling = (n: number) =>
      attempt(here, ['203.0.113.9', '::ffff:203.0.113.9', '::FFFF:cb00:7109'][n % 3])
    expect(await statuses(5, spelling)).toEqual([401, 401, 401, 401, 429])
    expect((await attempt(here, '::ffff:203.0.113.10')).status).toBe(401)
  })

  test('is counted by all processes together', async () => {
    await using one = await limited()
    await using two = await limited()
    const alternating = (n: number) => attempt(n % 2 ? one : two)
    expect(await statuses(5, alternating)).toEqual([401, 401, 401, 401, 429])
  })
})
