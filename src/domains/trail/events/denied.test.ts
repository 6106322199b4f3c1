import { beforeAll, expect, test } from 'vitest'
import type { EventRecord } from '#src/domains/trail/events/model.ts'
import { paths } from '#src/paths.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeUser, type Organization, roleOf } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

await testDatabase()
const api = (path: string) => `/api/v1${path}`

let org: Organization
let boss: Person
let kim: Person
let other: Person
let team: string
beforeAll(async () => {
  org = await makeOrganization()
  boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  kim = await personWith(org, ['user:read:all', 'user:update:own', 'group:read:all'])
  other = await makeUser(org, { first_name: 'Grace', last_name: 'Hopper' })
  team = await makeGroup(org)
})

async function refusal(answer: Answer): Promise<EventRecord> {
  expect(answer.status, answer.text.slice(0, 200)).toBe(403)
  const query = `?action=access:denied&cause_id=${answer.headers.get('x-request-id')}`
  const { data } = (await as(boss).get(api(paths.events) + query)).json<{ data: EventRecord[] }>()
  expect(data).toHaveLength(1)
  return data[0] as EventRecord
}

test.each([
  ['a record', () => paths.user(other.id), () => ({ type: 'user', id: other.id }), 'user:update'],
  [
    'what lies beneath one',
    () => paths.groupMember(paths.groups, team, other.id),
    () => ({ type: 'group', id: team }),
    'group:update',
  ],
  ['one that is not there', () => paths.role(boss.id), () => ({ type: 'role', id: boss.id }), 'role:update'],
] as const)('a refusal keeps %s, beside what was wanted and where', async (_, path, target, wanted) => {
  const method = wanted === 'group:update' ? 'put' : 'patch'
  const event = await refusal(await as(kim)[method](api(path()), method === 'put' ? { role: 'member' } : {}))
  expect(event.target).toMatchObject(target())
  expect(event.data).toEqual({ wanted, path: api(path()) })
})

test('one of a list names no record, and one of many records names each', async () => {
  const list = await refusal(await as(kim).post(api(paths.roles), { name: 'x' }))
  expect(list.target).toEqual({ type: 'route', id: null })
  const bulk = await as(kim).post(api('/users/bulk'), { action: 'disable', ids: [other.id] })
  expect(bulk.json()).toMatchObject({ refused: 1 })
  const query = `?target_type=user&target_id=${other.id}&action=access:denied&cause_id=${bulk.headers.get('x-request-id')}`
  const { data } = (await as(boss).get(api(paths.events) + query)).json<{ data: EventRecord[] }>()
  expect(data).toMatchObject([{ data: { wanted: 'user:update', path: '/users/bulk' } }])
})

test('its page leads to the record; the record’s history tells of changes alone', async () => {
  const event = await refusal(await as(kim).patch(api(paths.user(other.id)), { first_name: 'x' }))
  const page = await browserOf(boss).get(paths.event(event.id))
  expect(page.text).toContain(`<a href="${paths.user(other.id)}">Grace Hopper</a>`)
  const why = paths.access.why({ user: kim.id, permission: 'user:update', record: other.id })
  expect(page.text).toContain(why.replaceAll('&', '&amp;'))
  const history = await as(kim).get(`${api(paths.user(other.id))}/history`)
  expect(history.text).not.toContain('access:denied')
  await as(boss).patch(api(paths.user(other.id)), { first_name: 'Amazing Grace' })
  expect((await as(kim).get(`${api(paths.user(other.id))}/history`)).text).toContain('user:update')
})
