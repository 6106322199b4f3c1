import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SessionRecord } from '#src/domains/accounts/sessions/model.ts'
import { paths } from '#src/paths.ts'
import { denied, hidden, recorded, state } from '#tests/access/trail.ts'
import { type Answer, anonymous, as, browserOf, visitor } from '#tests/client.ts'
import { makeUser, openSession, sessionOf } from '#tests/factories.ts'
import { makePeople, type People, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

let people: People
/** May end their own sessions. */
let member: Person
/** May see every session, and end their own. */
let looker: Person
let token: string
let id: string

beforeAll(async () => {
  people = await makePeople()
  looker = await personWith(people.org, ['session:read:all', 'session:delete:own'])
})
beforeEach(async () => {
  member = await personWith(people.org, ['session:read:own', 'session:delete:own'])
  token = await openSession(member, 'token')
  id = await sessionOf(token)
})

const ended = async (of: string) =>
  (await owner.selectFrom('sessions').where('id', '=', of).select('revoked_at').executeTakeFirstOrThrow())
    .revoked_at !== null
const opens = async (bearer: string) =>
  (await anonymous().get(api(paths.auth.me), { Authorization: `Bearer ${bearer}` })).status === 200
/** Within the second that a change of rights has to arrive everywhere. */
const closes = (...bearers: string[]) =>
  expect
    .poll(() => Promise.all(bearers.map(opens)), { timeout: 1000, interval: 5 })
    .toEqual(bearers.map(() => false))

type Way = (by: Person, of: string) => Promise<Answer>
const ways: [name: string, via: 'api' | 'web', way: Way][] = [
  ['one, as JSON', 'api', (by, of) => as(by).delete(api(paths.session(of)))],
  ['one, as a form', 'web', (by, of) => browserOf(by).delete(paths.session(of))],
  ['one, on the own page', 'web', (by, of) => browserOf(by).delete(paths.mySession(of))],
]

describe.each(ways)('ending a session (%s)', (_, via, end) => {
  test.each(['member', 'admin'])('works for the %s, at once, and is in the trail', async (who) => {
    const by = who === 'admin' ? people.admin : member
    expect(await opens(token)).toBe(true)
    const answer = await end(by, id)
    expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 204)
    expect(await ended(id)).toBe(true)
    await closes(token)
    const [line] = await recorded(by, answer, via)
    expect(line).toMatchObject({ action: 'session:update', target_type: 'session', target_id: id })
    expect(line?.data.after).toEqual({ user_id: member.id, revoked_at: expect.any(String) })
  })

  test('is a 404 for an outsider, for another organization, and once it ended', async () => {
    const outsider = await personWith(people.org, ['session:read:own', 'session:delete:own'])
    await hidden(outsider, () => end(outsider, id))
    await hidden(people.foreigner, () => end(people.foreigner, id), people.org)
    expect(await opens(token)).toBe(true)
    await end(member, id)
    await hidden(member, () => end(member, id))
  })

  test('is refused without the permission, and to whoever may only look', async () => {
    await denied(people.colleague, 'session:delete', () => end(people.colleague, id))
    await denied(looker, 'session:delete', () => end(looker, id))
    expect(await opens(token)).toBe(true)
  })
})

const manyWays: [name: string, via: 'api' | 'web', way: (by: Person, chosen: Chosen) => Promise<Answer>][] = [
  ['a body', 'api', (by, chosen) => as(by).delete(api(paths.sessions), chosen)],
  ['an address', 'api', (by, chosen) => as(by).delete(`${api(paths.sessions)}?${query(chosen)}`)],
  ['a form', 'web', (by, chosen) => browserOf(by).delete(paths.sessions, chosen)],
]
type Chosen = { ids: string[] } | { user_id: string }
const query = (chosen: Chosen) => new URLSearchParams('ids' in chosen ? { ids: chosen.ids.join() } : chosen)

describe.each(manyWays)('ending sessions by %s', (_, via, end) => {
  test('ends those that are named, and leaves the others', async () => {
    const second = await openSession(member, 'browser')
    const third = await openSession(member, 'token')
    const ids = [id, await sessionOf(second)]
    const answer = await end(member, { ids })
    expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 200)
    if (via === 'api') expect(answer.json()).toEqual({ ended: 2 })
    await closes(token)
    expect(await opens(third)).toBe(true)
    expect(
      (await recorded(member, answer, via)).map(({ action, target_id }) => [action, target_id]).sort(),
    ).toEqual(ids.map((one) => ['session:update', one]).sort())
  })

  test('ends all of a person, for whoever may', async () => {
    const answer = await end(people.admin, { user_id: member.id })
    expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 200)
    await closes(token, member.token)
    expect(await recorded(people.admin, answer, via)).toHaveLength(3)
    expect(await opens(looker.token)).toBe(true)
  })

  test('passes over what is out of sight or only to be seen, even beside what may be ended', async () => {
    const foreign = [await sessionOf(people.foreigner.token), await sessionOf(people.admin.token)]
    const before = await state(people.foreigner.org)
    const answer = await end(looker, { ids: [...foreign, id] })
    expect(answer.status).toBe(via === 'web' ? 303 : 200)
    const own = await sessionOf(await openSession(looker, 'token'))
    const mixed = await end(looker, { ids: [id, own, ...foreign] })
    if (via === 'api') expect([answer.json(), mixed.json()]).toEqual([{ ended: 0 }, { ended: 1 }])
    expect([await ended(own), await ended(id)]).toEqual([true, false])
    expect(await state(people.foreigner.org)).toEqual(before)
    expect([await opens(people.foreigner.token), await opens(people.admin.token)]).toEqual([true, true])
  })

  test('is refused without the permission', () =>
    denied(people.colleague, 'session:delete', () => end(people.colleague, { user_id: people.colleague.id })))
})

test('ending sessions without naming any is a 422, and ends none', async () => {
  const all = { user_id: member.id }
  for (const answer of [
    await as(people.admin).delete(api(paths.sessions)),
    await browserOf(people.admin).delete(paths.sessions),
    await as(people.admin).delete(api(paths.sessions), { ids: [] }),
    await as(people.admin).delete(api(paths.sessions), { ids: [], ...all }),
    await as(people.admin).delete(`${api(paths.sessions)}?ids=&user_id=${member.id}`),
    await as(people.admin).delete(`${api(paths.sessions)}?user_id=`),
    await browserOf(people.admin).delete(paths.sessions, { ids: '', ...all }),
  ])
    expect(answer.status, answer.text).toBe(422)
  expect([await opens(people.admin.token), await opens(member.token)]).toEqual([true, true])
  expect((await as(people.admin).delete(api(paths.sessions), all)).status).toBe(200)
})

describe('the list of sessions', () => {
  const ids = (answer: Answer) => answer.json<{ data: SessionRecord[] }>().data.map((one) => one.id)

  test('holds one’s own for own, everybody’s for all, and only what is open', async () => {
    const own = ids(await as(member).get(api(paths.sessions)))
    expect(own.sort()).toEqual([id, await sessionOf(member.token), await sessionOf(member.cookie)].sort())
    const all = ids(await as(people.admin).get(`${api(paths.sessions)}?limit=200`))
    expect(all).toEqual(expect.arrayContaining([...own, await sessionOf(people.owner.token)]))
    expect(all).not.toContain(await sessionOf(people.foreigner.token))
    const over = await sessionOf(await openSession(member, 'token', { ends: '-1 second' }))
    const idle = await sessionOf(await openSession(member, 'token', { idle: '0 seconds' }))
    for (const gone of [over, idle]) {
      expect(ids(await as(member).get(api(paths.sessions)))).not.toContain(gone)
      await hidden(member, () => as(member).get(api(paths.session(gone))))
    }
    await denied(people.colleague, 'session:read', () => as(people.colleague).get(api(paths.sessions)))
  })

  test('names only people that the reader may see', async () => {
    const path = api(paths.session(id))
    expect((await as(looker).get(path)).json<SessionRecord>().user).toEqual({ id: member.id })
    const { user } = (await as(people.admin).get(path)).json<SessionRecord>()
    expect(user).toEqual({ id: member.id, username: member.username, name: member.username })
  })
})

describe('signing out', () => {
  test('ends the session of the page and leaves the others, with a line in the trail', async () => {
    const browser = browserOf(member)
    const session = await sessionOf(member.cookie)
    expect((await browser.get(paths.me)).status).toBe(200)
    const answer = await browser.post(paths.logout)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, paths.login])
    expect(
      (await recorded(member, answer, 'web')).map(({ action, target_id }) => [action, target_id]),
    ).toEqual([
      ['session:update', session],
      ['auth:sign_out', session],
    ])
    await expect.poll(async () => (await browserOf(member).get(paths.me)).status, { timeout: 1000 }).toBe(303)
    expect(browser.cookies.size).toBe(0)
    expect(await opens(token)).toBe(true)
  })

  test('ends the session of a token', async () => {
    const answer = await as(member).post(api(paths.auth.logout))
    expect(answer.status).toBe(204)
    expect((await recorded(member, answer, 'api')).map(({ action }) => action)).toEqual([
      'session:update',
      'auth:sign_out',
    ])
    await closes(member.token)
    expect(await opens(token)).toBe(true)
    expect((await as(member).post(api(paths.auth.logout))).status).toBe(401)
  })

  test('changes nothing for visitors', async () => {
    const before = await state(people.org)
    expect((await anonymous().post(api(paths.auth.logout))).status).toBe(401)
    expect((await visitor().post(paths.logout)).status).toBe(401)
    expect(await state(people.org)).toEqual(before)
  })

  test('is for everybody who is signed in, whatever else they may', async () => {
    const nobody = await makeUser(people.org)
    expect((await browserOf(nobody).post(paths.logout)).status).toBe(303)
    expect((await as(nobody).post(api(paths.auth.logout))).status).toBe(204)
  })
})
