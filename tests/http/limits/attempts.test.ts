import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createApp, endpoints } from '#src/app.ts'
import { Database } from '#src/db/database.ts'
import { everybody, post } from '#src/http/endpoint.ts'
import { HttpError } from '#src/http/errors.ts'
import { Limits, type Sensitive } from '#src/http/limits.ts'
import { mount } from '#src/http/mount.ts'
import { as, type Browser, Program, visitor } from '#tests/client.ts'
import { makeUser, unique } from '#tests/factories.ts'
import { makePeople } from '#tests/people.ts'
import { type App, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const { owner: past, anotherProcess } = await testDatabase()
const { owner, org } = await makePeople()

const settings = {
  RATE_LIMIT_ENABLED: 'true',
  SIGN_IN_ATTEMPTS: '4',
  LOCKOUT_ATTEMPTS: '1000',
  TRUSTED_PROXIES: '192.0.2.0/24',
}
const classes: Sensitive[] = ['sign-in', 'reset', 'registration', 'invitation']

/** An application with one path of each class, where each attempt is a wrong one. */
async function trying(overrides: Record<string, string> = {}) {
  const process = await anotherProcess({ ...settings, ...overrides })
  const wrong = () => {
    throw new HttpError(409, 'Wrong')
  }
  const routes = classes.flatMap((rate) => [
    post(`/try/${rate}`, everybody('a test'), { rate, body: z.looseObject({}) }, wrong),
    post(`/try/${rate}/:token`, everybody('a test'), { rate }, wrong),
  ])
  const { config, db, rights } = process
  return { ...process, app: createApp({ config, db, rights, routes }) }
}

let address = 0
const elsewhere = () => ({ 'X-Forwarded-For': `198.51.100.${++address % 250}` })
const from = (app: App, path: string, body: object = {}, headers = elsewhere()) =>
  new Program(null, app).post(`/api/try/${path}`, body, headers)
const times = async (most: number, one: (n: number) => Promise<{ status: number }>) => {
  const all: number[] = []
  for (let n = 0; n < most; n++) all.push((await one(n)).status)
  return all
}
const FOUR = [409, 409, 409, 409]

beforeEach(() => sql`delete from rate_limits`.execute(past))

describe.each(classes)('attempts of the class %s', async (rate) => {
  test('are counted by address', async () => {
    await using here = await trying()
    const place = elsewhere()
    expect(await times(4, () => from(here.app, rate, { username: unique('n') }, place))).toEqual(FOUR)
    const over = await from(here.app, rate, { username: unique('n') }, place)
    expect(over.status).toBe(429)
    expect(over.json().type).toBe('quota-exceeded')
    expect(over.headers.get('ratelimit-policy')).toBe(`"${rate}";q=4;w=60`)
    expect((await from(here.app, rate, { username: unique('n') })).status).toBe(409)
  })

  test('are counted by name, however it is written and wherever they come from', async () => {
    await using here = await trying()
    const name = unique('name')
    const spellings = [name, name.toUpperCase(), ` ${name} `, name.replace('n', 'ｎ')]
    expect(await times(4, (n) => from(here.app, rate, { username: spellings[n] }))).toEqual(FOUR)
    expect((await from(here.app, rate, { username: name })).status).toBe(429)
    // nor does another name beside it help, or the other key
    expect((await from(here.app, rate, { username: name, email: unique('other') })).status).toBe(429)
    expect((await from(here.app, rate, { email: name })).status).toBe(429)
    expect((await from(here.app, rate, { username: unique('name') })).status).toBe(409)
  })

  test('are counted by link and by person', async () => {
    await using here = await trying()
    const link = unique('link')
    const using = (n: number) =>
      n % 2 ? from(here.app, `${rate}/${link}`) : from(here.app, rate, { token: link })
    expect(await times(5, using)).toEqual([...FOUR, 429])
    expect((await from(here.app, `${rate}/${unique('link')}`)).status).toBe(409)
    const person = await makeUser(org)
    const by = () => as(person, here.app).post(`/api/try/${rate}`, {}, elsewhere())
    expect(await times(5, by)).toEqual([...FOUR, 429])
    expect((await as(owner, here.app).post(`/api/try/${rate}`, {}, elsewhere())).status).toBe(409)
  })
})

test('each class counts for itself, and an answer says what is left where least is', async () => {
  await using here = await trying()
  const place = elsewhere()
  const username = unique('name')
  for (const rate of classes) {
    const left: string[] = []
    for (let n = 0; n < 4; n++) {
      const answer = await from(here.app, rate, { username: n < 2 ? username : unique('n') }, place)
      left.push(answer.headers.get('ratelimit-remaining') ?? '')
    }
    expect(left).toEqual(['3', '2', '1', '0'])
  }
})

test('that an address has too many of is not held against the names', async () => {
  await using here = await trying()
  const place = elsewhere()
  const username = unique('victim')
  expect(await times(4, () => from(here.app, 'sign-in', { username: unique('n') }, place))).toEqual(FOUR)
  for (let n = 0; n < 6; n++) expect((await from(here.app, 'sign-in', { username }, place)).status).toBe(429)
  expect((await from(here.app, 'sign-in', { username })).status).toBe(409)
})

test('two at once are two', async () => {
  await using one = await trying()
  await using two = await trying()
  const place = elsewhere()
  const all = Array.from({ length: 40 }, (_, n) => from(n % 2 ? one.app : two.app, 'reset', {}, place))
  const statuses = (await Promise.all(all)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 409)).toHaveLength(4)
})

test('hammering on where nothing is left costs the database nothing', async () => {
  await using here = await trying()
  const place = elsewhere()
  expect((await times(30, () => from(here.app, 'reset', {}, place))).slice(3, 5)).toEqual([409, 429])
  const { rows } = await sql<{ most: number }>`select max(points) as most from rate_limits`.execute(past)
  expect(rows[0]?.most).toBe(5)
})

test('the database holds no name and no address, and the trail that a limit was reached, once', async () => {
  await using here = await trying()
  const place = { 'X-Forwarded-For': '198.51.100.251' }
  const username = unique('secretive')
  await times(8, () => from(here.app, 'sign-in', { username }, place))
  const { rows } = await sql<{ key: string }>`select key from rate_limits`.execute(past)
  expect(rows.length).toBeGreaterThan(1)
  for (const { key } of rows) expect(key).toMatch(/^(sign-in|api):[\w-]+$/)
  expect(JSON.stringify(rows)).not.toMatch(/secretive|198\.51/)
  const noted = await sql<{ data: object }>`
    select data from security_events where action = 'rate:limited' and ip = '198.51.100.251'`.execute(past)
  expect(noted.rows).toEqual([{ data: { rate: 'sign-in', of: 'address', hash: expect.any(String) } }])
})

describe('what succeeds', () => {
  const signIn = (app: App, username: string, password: string, place: Record<string, string>) =>
    new Program(null, app).post('/api/auth/login', { username, password }, place)

  test('is not held against its address: a whole shift signs in, and guesses are counted beside it', async () => {
    await using here = await anotherProcess(settings)
    const place = elsewhere()
    const people = await Promise.all(Array.from({ length: 9 }, () => makeUser(org)))
    const statuses: number[] = []
    for (const { username } of people)
      statuses.push((await signIn(here.app, username, PASSWORD, place)).status)
    expect(statuses).toEqual(Array(9).fill(200))
    const guess = () => signIn(here.app, unique('n'), 'Wrong-1', place)
    expect(await times(5, guess)).toEqual([401, 401, 401, 401, 429])
    // no success of somebody else's buys more guesses
    expect((await signIn(here.app, people[0]?.username ?? '', PASSWORD, place)).status).toBe(429)
    expect((await guess()).status).toBe(429)
  })

  test('frees the address again for who came at the same moment, in a form as in JSON', async () => {
    await using here = await anotherProcess(settings)
    const place = elsewhere()
    const people = await Promise.all(Array.from({ length: 8 }, () => makeUser(org)))
    const login = ({ username }: { username: string }) =>
      visitor(here.app).post('/login', { username, password: PASSWORD }, place)
    const first = (await Promise.all(people.map(login))).map(({ status }) => status)
    // at least: who came late found an attempt that was given back already
    expect(first.filter((status) => status === 303).length).toBeGreaterThanOrEqual(4)
    // who was refused isn't refused for the rest of the minute
    const refused = people.filter((_, n) => first[n] === 429)
    for (const person of refused) expect((await login(person)).status).toBe(303)
  })

  test('says what is left, and is still held against the name', async () => {
    await using here = await anotherProcess(settings)
    const place = elsewhere()
    const { username } = await makeUser(org)
    const left: (string | null)[] = []
    for (let n = 0; n < 4; n++)
      left.push((await signIn(here.app, username, PASSWORD, place)).headers.get('ratelimit-remaining'))
    expect(left).toEqual(['3', '2', '1', '0'])
    expect((await signIn(here.app, username, PASSWORD, place)).status).toBe(429)
    expect((await signIn(here.app, (await makeUser(org)).username, PASSWORD, place)).status).toBe(200)
  })

  test('counts where all are answered alike, or something is made', async () => {
    await using here = await anotherProcess(settings)
    const place = elsewhere()
    const ask = () =>
      new Program(null, here.app).post(
        '/api/auth/forgot-password',
        { email: `${unique('n')}@example.com` },
        place,
      )
    expect(await times(5, ask)).toEqual([202, 202, 202, 202, 429])
  })
})

describe('signing in', async () => {
  const signIn = (browser: Browser, username: string, password = PASSWORD) =>
    browser.post('/login', { username, password }, elsewhere())
  const strangers = (app: App, username: string) =>
    times(5, () =>
      new Program(null, app).post('/api/auth/login', { username, password: 'Wrong-1' }, elsewhere()),
    )

  test('from many addresses with one name is stopped, and its owner’s browser gets in', async () => {
    await using here = await anotherProcess(settings)
    const person = await makeUser(org)
    const known = visitor(here.app)
    expect((await signIn(known, person.username)).status).toBe(303)
    const device = [...known.cookies].filter(([name]) => name.startsWith('device'))
    expect(device).toHaveLength(1)
    expect(await strangers(here.app, person.username)).toEqual([401, 401, 401, 429, 429])
    // who isn't known waits, with the right password too
    expect((await signIn(visitor(here.app), person.username)).status).toBe(429)
    const forged = visitor(here.app)
    for (const [name] of device) forged.cookies.set(name, 'A'.repeat(43))
    expect((await signIn(forged, person.username)).status).toBe(429)
    const again = visitor(here.app)
    for (const [name, value] of device) again.cookies.set(name, value)
    expect((await signIn(again, person.username, 'Wrong-1')).status).toBe(401)
    expect((await signIn(again, person.email)).status).toBe(303)
  })

  test('in a browser that is known has its own count', async () => {
    await using here = await anotherProcess(settings)
    const person = await makeUser(org)
    const known = visitor(here.app)
    await signIn(known, person.username)
    const [[name, value] = ['', '']] = [...known.cookies].filter(([name]) => name.startsWith('device'))
    await strangers(here.app, person.username)
    const guesses = await times(5, () => {
      const browser = visitor(here.app)
      browser.cookies.set(name, value)
      return signIn(browser, person.username, 'Wrong-1')
    })
    expect(guesses).toEqual([401, 401, 401, 401, 429])
  })
})

test('while the database is away, each process counts in memory', async () => {
  await using here = await anotherProcess(settings)
  const away = new Database('postgres://nobody@127.0.0.1:1/nowhere', { waitMs: 200 })
  const limits = new Limits(away, here.config, (name) => name)
  const of = { ip: '203.0.113.1', requestId: 'r', names: ['ada'], others: [], device: null }
  const attempt = async (rate: Sensitive) => {
    const arrived = await limits.arrive(rate, of)
    await limits.attempt(rate, of)
    return arrived
  }
  for (let n = 3; n >= 0; n--) expect(await attempt('sign-in')).toMatchObject({ taken: true, left: n })
  await expect(attempt('sign-in')).rejects.toMatchObject({ status: 429 })
  expect(await attempt('reset')).toMatchObject({ taken: true })
  await away.close()
})

test('switched off, nothing is counted', async () => {
  await using here = await trying({ RATE_LIMIT_ENABLED: 'false' })
  const place = elsewhere()
  expect(await times(9, () => from(here.app, 'sign-in', { username: 'x' }, place))).toEqual(
    Array(9).fill(409),
  )
  expect((await sql`select from rate_limits`.execute(past)).rows).toHaveLength(0)
})

test('what comes before somebody is signed in has its class', () => {
  const open = endpoints.filter(({ access, method }) => 'public' in access && method !== 'GET')
  const of = (rate: string) => [...new Set(open.filter((one) => one.rate === rate).map(({ path }) => path))]
  expect(of('api')).toEqual([])
  expect(of('reset')).toEqual(expect.arrayContaining(['/forgot-password', '/auth/reset-password']))
  expect(of('registration')).toEqual(expect.arrayContaining(['/register', '/auth/verify-email']))
  expect(of('invitation')).toEqual(['/accept-invitation/:token', '/auth/accept-invitation'])
  expect(of('sign-in')).toEqual(expect.arrayContaining(['/login', '/auth/login']))
  expect(of('refresh')).toEqual(['/auth/refresh'])
  const monitors = endpoints.filter(({ rate }) => rate === 'none').map(({ path }) => path)
  expect(monitors).toEqual(['/health', '/health/ready'])
})

test('a path where everybody writes and that says no class is none', async () => {
  const { app } = await anotherProcess()
  const open = post('/open', everybody('a test'), {}, () => ({ status: 204 }))
  expect(() => mount(app as never, [open], {} as never)).toThrow('does not say what attempts')
})
