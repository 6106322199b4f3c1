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

describe('an address', async () => {
  const limits = {
    RATE_LIMIT_ENABLED: 'true',
    SIGN_IN_ATTEMPTS: '4',
    RATE_LIMIT_WINDOW: '60',
    LOCKOUT_ATTEMPTS: '1000',
  }
  const limited = await anotherProcess(limits)
  const behind = await anotherProcess({ ...limits, TRUSTED_PROXIES: '192.0.2.0/24' })
  beforeEach(() => sql`delete from rate_limits`.execute(past))
  const attempt = (on: App, forwarded?: string, path = '/api/auth/login') =>
    anonymous(on).post(
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
    expect(await statuses(5, () => attempt(limited.app))).toEqual([401, 401, 401, 401, 429])
    const over = await attempt(limited.app, undefined, '/api/auth/register')
    expect(over.status).toBe(429)
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(over.headers.get('retry-after'))).toBeLessThanOrEqual(60)
    const page = visitor(limited.app)
    await page.get('/login')
    expect((await page.post('/login', { username: 'x', password: 'y' })).status).toBe(429)
    // who is signed in already isn't concerned
    expect((await as(owner, limited.app).get('/api/users')).status).toBe(200)
  })

  test('is not changed by a header that nobody trusted wrote', async () => {
    expect(await statuses(6, (n) => attempt(limited.app, `203.0.113.${n}`))).toEqual([
      401, 401, 401, 401, 429, 429,
    ])
    expect(await statuses(1, () => attempt(behind.app, '203.0.113.1'))).toEqual([401])
  })

  test('is taken from a proxy, and forged hops before it don’t count', async () => {
    expect(await statuses(5, (n) => attempt(behind.app, `198.51.100.${n}, 203.0.113.7`))).toEqual([
      401, 401, 401, 401, 429,
    ])
    expect((await attempt(behind.app, '203.0.113.8')).status).toBe(401)
  })

  test('of IPv6 is a whole /64', async () => {
    expect(await statuses(5, (n) => attempt(behind.app, `2001:db8:7:7::${n + 1}`))).toEqual([
      401, 401, 401, 401, 429,
    ])
    expect((await attempt(behind.app, '2001:db8:7:8::1')).status).toBe(401)
  })

  test('is counted by all processes together', async () => {
    const another = await anotherProcess(limits)
    expect(await statuses(5, (n) => attempt(n % 2 ? another.app : limited.app))).toEqual([
      401, 401, 401, 401, 429,
    ])
  })
})
