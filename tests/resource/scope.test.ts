import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { createApp, endpoints } from '#src/app.ts'
import { defineResource } from '#src/resource/entity.ts'
import { reference } from '#src/resource/kinds/reference.ts'
import { text } from '#src/resource/kinds/text.ts'
import { resourceRoutes } from '#src/resource/routes.tsx'
import { denied, hidden } from '#tests/access/trail.ts'
import { as } from '#tests/client.ts'
import { makePeople, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

// Nobody owns a rack: it is its team's, or out of everybody's reach but those who have all.
const rack = defineModel('rack', {
  table: 'racks',
  actions: ['create', 'read', 'update', 'delete'],
  own: [],
  group: ['team_id'],
})

declare module '#src/access/permission.ts' {
  interface Models {
    rack: ActionsOf<typeof rack>
  }
}

const racks = defineResource(rack, {
  path: '/racks',
  one: 'rack',
  many: 'racks',
  icon: 'warehouse',
  title: 'name',
  columns: {
    name: text('Name', { required: true, sortable: true }),
    team_id: reference('Team', 'group'),
  },
})

const here = await testDatabase()
await sql`select app.record_table('racks', 'rack', $$
  name text not null,
  team_id uuid,
  foreign key (org_id, team_id) references groups (org_id, id)
$$, sorts => '{name, created_at}')`.execute(here.owner)
const app = createApp({ ...here, routes: [...endpoints, ...resourceRoutes(racks)] })
const { org, group, elsewhere, owner } = await makePeople()
const worker = await personWith(
  org,
  ['create', 'read', 'update', 'delete'].map((action) => `rack:${action}:group`),
  { groups: [group] },
)
const create = (body: object, by = worker) => as(by, app).post('/api/racks', { name: 'R', ...body })
const change = (id: string, body: object, by = worker) => as(by, app).patch(`/api/racks/${id}`, body)

test('a record that nobody owns is looked at as it will be: made and left within reach alone', async () => {
  for (const place of [{}, { team_id: null }, { team_id: elsewhere }])
    await denied(worker, 'rack:create', () => create(place))
  const made = await create({ team_id: group })
  expect(made.status, made.text).toBe(201)
  const { id } = made.json<{ id: string }>()
  for (const place of [{ team_id: null }, { team_id: elsewhere }])
    await denied(worker, 'rack:update', () => change(id, place))
  expect((await change(id, { name: 'Still here' })).status).toBe(200)
  expect((await change(id, { team_id: null }, owner)).status).toBe(200)
  await hidden(worker, () => change(id, { name: 'Gone' }))
})

test('a file of such records, too', async () => {
  const upload = (body: string) =>
    app.request('/api/racks/import', {
      method: 'POST',
      body,
      headers: { Authorization: `Bearer ${worker.token}`, 'Content-Type': 'text/csv' },
    })
  expect((await upload(`name,team_id\nA,${group}\nB,${group}\n`)).status).toBe(200)
  const wrong = await upload(`name,team_id\nC,${group}\nD,\nE,${elsewhere}\n`)
  expect(wrong.status).toBe(422)
  const { errors } = (await wrong.json()) as { errors: { line: number }[] }
  expect(errors.map(({ line }) => line)).toEqual([3, 4])
  const list = (await as(owner, app).get('/api/racks')).json<{ data: { name: string }[] }>()
  expect(list.data.map(({ name }) => name)).toEqual(['A', 'B', 'Still here'])
})
