import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SessionRecord } from '#src/domains/accounts/sessions/model.ts'
import { Cookies } from '#src/http/cookies.ts'
import { paths } from '#src/paths.ts'
import { denied, hidden, recorded, state } from '#tests/access/trail.ts'
import { type Answer, anonymous, as, browserOf } from '#tests/client.ts'
import { makeUser, openSession, roleOf, sessionOf } from '#tests/factories.ts'
import { makePeople, type People, type Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { config } = await testDatabase()
const cookies = new Cookies(config)
const api = (path: string) => `/api/v1${path}`

let people: People
let person: Person
/** Another program of theirs. */
let other: string

beforeAll(async () => {
  people = await makePeople()
})
beforeEach(async () => {
  person = await makeUser(people.org, { roles: [roleOf(people.org, 'user')] })
  other = await openSession(person, 'token')
})

const opens = async (bearer: string) =>
  (await anonymous().get(api(paths.auth.me), { Authorization: `Bearer ${bearer}` })).status === 200
const open = async (...bearers: string[]) => Promise.all(bearers.map(opens))
const shows = (expected: boolean[], ...bearers: string[]) =>
  expect.poll(() => open(...bearers), { timeout: 1000, interval: 5 }).toEqual(expected)
const ids = (answer: Answer) => answer.json<{ data: SessionRecord[] }>().data.map(({ id }) => id)

describe('the list of one’s own sessions', () => {
  test('holds those that are open, and says which one asks', async () => {
    await openSession(person, 'browser', { ends: '-1 second' })
    await openSession(person, 'browser', { idle: '0 seconds' })
    const mine = await Promise.all([person.token, person.cookie, other].map(sessionOf))
    const answer = await as(person).get(api(paths.mySessions))
    expect(ids(answer).sort()).toEqual(mine.sort())
    const current = answer.json<{ data: SessionRecord[] }>().data.filter((one) => one.current)
    expect(current.map(({ id }) => id)).toEqual([await sessionOf(person.token)])
  })

  test('holds nobody else’s, whatever else one may see', async () => {
    const answer = await as(people.owner).get(api(paths.mySessions))
    expect(ids(answer)).toHaveLength(2)
    expect((await as(people.owner).get(api(`${paths.sessions}?limit=200`))).text).toContain(
      await sessionOf(other),
    )
  })

  test('is a page with a way to end each, in words', async () => {
    const { text, status } = await browserOf(person).get(paths.mySessions)
    expect(status).toBe(200)
    expect(text).toContain('This device')
    expect(text).toContain('Sign out other sessions')
    expect(text.match(/aria-current="page">Sessions/)).not.toBeNull()
    expect(text).not.toContain(person.cookie)
  })

  test('is not for who may not see sessions, and leads there nobody else', async () => {
    await denied(people.colleague, 'session:read', () => as(people.colleague).get(api(paths.mySessions)))
    const page = (who: Person) => browserOf(who).get(paths.security)
    expect((await page(people.colleague)).text).not.toContain(`href="${paths.mySessions}"`)
    expect((await page(person)).text).toContain(`href="${paths.mySessions}"`)
  })
})

type Way = (by: Person, which: 'others' | 'all') => Promise<Answer>
const ways: [name: string, via: 'api' | 'web', way: Way][] = [
  ['JSON', 'api', (by, which) => as(by).delete(api(paths.mySessions), { which })],
  ['a form', 'web', (by, which) => browserOf(by).delete(paths.mySessions, { which })],
]

describe.each(ways)('ending one’s own sessions by %s', (_, via, end) => {
  const here = () => (via === 'api' ? person.token : person.cookie)

  test('ends all the others, at once, and leaves the one that asks', async () => {
    const answer = await end(person, 'others')
    expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 200)
    if (via === 'api') expect(answer.json()).toEqual({ ended: 2 })
    else expect(answer.headers.get('location')).toBe(paths.mySessions)
    await shows([false], other)
    const again =
      via === 'api' ? as(person).get(api(paths.mySessions)) : browserOf(person).get(paths.mySessions)
    expect((await again).status).toBe(200)
    const lines = await recorded(person, answer, via)
    expect(lines.map(({ action }) => action)).toEqual(['session:update', 'session:update'])
    expect(lines.map(({ target_id }) => target_id)).not.toContain(await sessionOf(here()))
  })

  test('ends all, and signs out', async () => {
    const answer = await end(person, 'all')
    expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 200)
    if (via === 'api') expect(answer.json()).toEqual({ ended: 3 })
    else {
      expect(answer.headers.get('location')).toBe(paths.login)
      expect(answer.headers.getSetCookie().join()).toContain(`${cookies.session}=; Max-Age=0`)
    }
    await shows([false, false], other, person.token)
    await expect.poll(async () => (await browserOf(person).get(paths.me)).status, { timeout: 1000 }).toBe(303)
    const lines = await recorded(person, answer, via)
    expect(lines.map(({ action }) => action).sort()).toEqual([
      'auth:sign_out',
      'session:update',
      'session:update',
      'session:update',
    ])
    expect(lines.find(({ action }) => action === 'auth:sign_out')?.target_id).toBe(await sessionOf(here()))
  })

  test('ends nobody else’s, also for who may end all', async () => {
    const foreign = await state(people.foreigner.org)
    const admin = await makeUser(people.org, { roles: [roleOf(people.org, 'admin')] })
    expect([200, 303]).toContain((await end(admin, 'all')).status)
    expect(await open(other, people.owner.token, people.foreigner.token)).toEqual([true, true, true])
    expect(await state(people.foreigner.org)).toEqual(foreign)
  })

  test('is refused without the permission', () =>
    denied(people.colleague, 'session:delete', () => end(people.colleague, 'others')))

  test('has to say which', async () => {
    for (const which of ['', 'mine'] as never[]) expect((await end(person, which)).status).toBe(422)
    expect(await open(other)).toEqual([true])
  })
})

describe.each([
  ['JSON', 'api'],
  ['a form', 'web'],
] as const)('ending one of one’s own sessions by %s', (_, via) => {
  const end = (by: Person, id: string) =>
    via === 'api' ? as(by).delete(api(paths.mySession(id))) : browserOf(by).delete(paths.mySession(id))

  test('ends it, and no other', async () => {
    const answer = await end(person, await sessionOf(other))
    expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 204)
    await shows([false, true], other, person.token)
    expect((await recorded(person, answer, via)).map(({ action }) => action)).toEqual(['session:update'])
  })

  test('signs out where it is the one that asks', async () => {
    const answer = await end(person, await sessionOf(via === 'api' ? person.token : person.cookie))
    expect((await recorded(person, answer, via)).map(({ action }) => action)).toEqual([
      'session:update',
      'auth:sign_out',
    ])
    if (via === 'web') expect(answer.headers.get('location')).toBe(paths.login)
    await shows([via === 'web', true], person.token, other)
  })

  test('is hidden of somebody else, of another organization, and once it ended', async () => {
    const [owners, foreign] = [await sessionOf(people.owner.token), await sessionOf(people.foreigner.token)]
    await hidden(person, () => end(person, owners))
    await hidden(person, () => end(person, foreign), people.foreigner.org)
    const id = await sessionOf(other)
    await end(person, id)
    await hidden(person, () => end(person, id))
  })
})
