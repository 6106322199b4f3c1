import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { createApp, endpoints } from '#src/app.ts'
import { defineResource } from '#src/resource/entity.ts'
import { ownership } from '#src/resource/kinds/reference.ts'
import { tags } from '#src/resource/kinds/tags.ts'
import { text } from '#src/resource/kinds/text.ts'
import { resourceRoutes } from '#src/resource/routes.tsx'
import { as, browserOf } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf } from '#tests/factories.ts'
import { personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const lamp = defineModel('lamp', {
  table: 'lamps',
  actions: ['create', 'read', 'update', 'delete'],
  own: ['owner_user_id'],
  group: ['owner_group_id'],
})

declare module '#src/access/permission.ts' {
  interface Models {
    lamp: ActionsOf<typeof lamp>
  }
}

const lamps = defineResource(lamp, {
  path: '/lamps',
  one: 'lamp',
  many: 'lamps',
  icon: 'key',
  title: 'name',
  searched: true,
  columns: { name: text('Name', { required: true, sortable: true }), marks: tags('Marks'), ...ownership },
})

const here = await testDatabase()
await sql`select app.record_table('lamps', 'lamp', $$
  name text not null,
  marks text[] not null default '{}'
$$, searched => '{name}', sorts => '{name, created_at}')`.execute(here.owner)
const app = createApp({ ...here, routes: [...endpoints, ...resourceRoutes(lamps)] })

const [org, other] = [await makeOrganization(), await makeOrganization()]
const owner = await makeUser(org, { roles: [roleOf(org, 'owner')] })
const foreigner = await makeUser(other, { roles: [roleOf(other, 'owner')] })

type Lamp = { id: string; name: string; marks: string[] }
const make = async (name: string, marks: unknown, by = owner) => {
  const answer = await as(by, app).post('/api/lamps', { name, marks })
  expect(answer.status, answer.text).toBe(201)
  return answer.json<Lamp>()
}
const names = async (query: string, by = owner) =>
  (await as(by, app).get(`/api/lamps?sort=name&${query}`))
    .json<{ data: Lamp[] }>()
    .data.map(({ name }) => name)

const desk = await make('Desk', ['Office', ' warm ', 'office'])
await make('Floor', 'warm, living room')
await make('Bulb', [])
await make('Theirs', ['warm'], foreigner)

test('tags are kept in one form, each once, and are no words of the search', async () => {
  expect(desk.marks).toEqual(['office', 'warm'])
  expect(await names('q=warm')).toEqual([])
  for (const marks of [
    ['-dash'],
    ['x'.repeat(51)],
    Array.from({ length: 21 }, (_, n) => `t${n}`),
    7,
    ['a\u0007'],
  ]) {
    const answer = await as(owner, app).post('/api/lamps', { name: 'Never', marks })
    expect(answer.status).toBe(422)
    expect(answer.json<{ errors: { path: string }[] }>().errors.map(({ path }) => path)).toEqual(['marks'])
  }
})

test('a list is filtered by a tag, by one of several, and beside a search', async () => {
  expect(await names('marks=WARM')).toEqual(['Desk', 'Floor'])
  expect(await names('marks=office,living%20room')).toEqual(['Desk', 'Floor'])
  expect(await names('marks=warm&q=des')).toEqual(['Desk'])
  expect(await names('marks=war')).toEqual([])
  expect(await names('marks=warm', foreigner)).toEqual(['Theirs'])
  const nobody = await personWith(org, ['lamp:read:own'])
  expect(await names('marks=warm', nobody)).toEqual([])
  const file = await as(owner, app).get('/api/lamps?marks=warm&sort=name&format=csv')
  expect(file.text).toContain('"office, warm"')
  expect(file.text).not.toContain('Bulb')
})

test('the index follows every change', async () => {
  const lamp = await make('Changing', ['old'])
  const change = (body: object) => as(owner, app).patch(`/api/lamps/${lamp.id}`, body)
  expect((await change({ marks: ['old'] })).json<{ version: number }>().version).toBe(1)
  expect((await change({ marks: ['new'] })).json<{ version: number }>().version).toBe(2)
  expect(await names('marks=old')).toEqual([])
  expect(await names('marks=new')).toEqual(['Changing'])
  await as(owner, app).delete(`/api/lamps/${lamp.id}`)
  expect(await names('marks=new')).toEqual([])
  expect(await names('marks=new&deleted=true')).toEqual(['Changing'])
})

test('pages show tags that lead to what else has them, and a form that keeps them', async () => {
  const browser = browserOf(owner, app)
  const page = await browser.get('/lamps?marks=warm')
  expect(page.text).toContain('href="/lamps?marks=living+room"')
  expect((await browser.get(`/lamps/${desk.id}/edit`)).text).toContain('value="office, warm"')
  const sent = await browser.post(`/lamps/${desk.id}`, {
    _method: 'PATCH',
    marks: 'office, cold',
    version: '1',
  })
  expect(sent.status).toBe(303)
  expect(await names('marks=cold')).toEqual(['Desk'])
})
