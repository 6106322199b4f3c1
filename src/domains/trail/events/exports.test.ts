import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import type { EventRecord } from '#src/domains/trail/events/model.ts'
import { paths } from '#src/paths.ts'
import { as, browserOf, connection } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeUser, type Organization, roleOf } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { app, owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

let org: Organization
let boss: Person
beforeAll(async () => {
  org = await makeOrganization()
  boss = await makeUser(org, { roles: [roleOf(org, 'owner')], first_name: 'Ada', last_name: 'Boss' })
  const org_id = org.id
  const rows = Array.from({ length: 600 }, (_, n) => ({ org_id, kind: 'team', name: `Team ${n}` }))
  await owner.insertInto('groups').values(rows).execute()
  await makeGroup(org, { name: 'Harbour', kind: 'department' })
})

const exportsOf = async (model: string) =>
  (await as(boss).get(api(`${paths.events}?action=${model}:export`))).json<{ data: EventRecord[] }>().data

test('a file of a list is in the trail: who took how many of what, limited to what', async () => {
  const taken = await browserOf(boss).get(`${paths.groups}?format=csv&kind=department`)
  expect(taken.text.trim().split('\r\n')).toHaveLength(2)
  const [event] = await exportsOf('group')
  expect(event).toMatchObject({
    actor: { id: boss.id },
    via: 'web',
    cause_id: taken.headers.get('x-request-id'),
    target: { type: 'group', id: null },
    data: { count: 1, whole: true, filters: { kind: ['department'] } },
  })
  const page = await browserOf(boss).get(paths.event(event?.id as string))
  expect(page.text).toContain('Ada Boss exported 1 group')
  expect(page.text).toContain('Kind: Department')
  expect((await browserOf(boss).get(`${paths.events}?action=group:export`)).text).toContain('Groups exported')
})

test('of people found by words, and of the trail itself', async () => {
  await as(boss).get(api(`${paths.users}?q=Boss`), { Accept: 'text/csv' })
  expect(await exportsOf('user')).toMatchObject([{ data: { count: 1, q: 'Boss' } }])
  await as(boss).get(api(`${paths.events}?action=user:export&created_at.gte=2026-01-01`), {
    Accept: 'text/csv',
  })
  const [event] = await exportsOf('event')
  expect(event?.data).toEqual({
    count: 1,
    whole: true,
    filters: { action: ['user:export'], 'created_at.gte': ['2026-01-01'] },
  })
  const page = await browserOf(boss).get(paths.event(event?.id as string))
  expect(page.text).toContain('Action: People exported, Created at: from 2026-01-01')
})

test('is there for whoever goes away in the midst, too, with how much they took', async () => {
  const before = (await exportsOf('group')).length
  const answer = await app.request(
    `${api(paths.groups)}?kind=team`,
    { headers: { Authorization: `Bearer ${boss.token}`, Accept: 'text/csv' } },
    connection,
  )
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  await reader.read()
  await reader.cancel()
  for (let tries = 0; (await exportsOf('group')).length === before && tries < 100; tries++) await sleep(20)
  const [event, ...earlier] = await exportsOf('group')
  expect(earlier).toHaveLength(before)
  expect(event?.data).toMatchObject({ count: 250, whole: false })
  const page = await browserOf(boss).get(paths.event(event?.id as string))
  expect(page.text).toContain('Ada Boss exported 250 groups before the file broke off')
})

test('nothing is written for a list that is only read, for a HEAD, or for whoever may not', async () => {
  const before = (await exportsOf('group')).length
  await as(boss).get(api(paths.groups))
  const headers = { Authorization: `Bearer ${boss.token}`, Accept: 'text/csv' }
  expect((await app.request(api(paths.groups), { method: 'HEAD', headers }, connection)).status).toBe(200)
  const nobody = await personWith(org, ['user:read:all'])
  expect((await as(nobody).get(api(paths.groups), { Accept: 'text/csv' })).status).toBe(403)
  expect(await exportsOf('group')).toHaveLength(before)
})
