import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { as } from '#tests/client.ts'
import { withDepots } from '#tests/depots/setup.ts'
import { makeGroup, makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'

const app = withDepots()
const org = await makeOrganization()
const [north, south] = [await makeGroup(org), await makeGroup(org)]
const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
const codes = (models: string[], scope: string, actions = ['create', 'read', 'update', 'delete']) =>
  models.flatMap((model) => actions.map((action) => `${model}:${action}:${scope}`))
const all = ['depot', 'shelf', 'parcel', 'parcel_document']
const keeper = await personWith(org, codes(all, 'group'), { groups: [north] })
const blind = await personWith(org, codes(['shelf'], 'group', ['create', 'update']), { groups: [north] })
const reader = await personWith(
  org,
  [...codes(all, 'all', ['read']), ...codes(['shelf'], 'group', ['create', 'update'])],
  {
    groups: [north],
  },
)
const sender = await personWith(
  org,
  codes(['parcel', 'parcel_document'], 'group', ['read', 'update', 'create']),
  {
    groups: [south],
  },
)

const post = (by: Person, path: string, body: object) => as(by, app).post(`/api/v1${path}`, body)
const get = (by: Person, path: string) => as(by, app).get(`/api/v1${path}`)
async function make(path: string, body: object): Promise<string> {
  const answer = await post(boss, path, { name: unique('Thing'), ...body })
  expect(answer.status, answer.text).toBe(201)
  return answer.json<{ id: string }>().id
}
const here = await make('/depots', { owner_group_id: north })
const there = await make('/depots', { owner_group_id: south })
const mine = await make('/shelves', { depot_id: here })
const theirs = await make('/shelves', { depot_id: there })
const shelf = (depot_id: string) => ({ name: unique('Shelf'), depot_id })
const OUTSIDE = [{ path: 'depot_id', message: 'doesn’t exist, or you don’t have access' }]

describe('what lies beneath a parent', () => {
  test('is read by whoever the parent belongs to, and by nobody else', async () => {
    expect((await get(keeper, `/shelves/${mine}`)).status).toBe(200)
    expect((await get(keeper, `/shelves/${theirs}`)).status).toBe(404)
    const listed = (await get(keeper, '/shelves')).json<{ data: { id: string }[]; page: { total: number } }>()
    expect([listed.data.map(({ id }) => id), listed.page.total]).toEqual([[mine], 1])
  })

  test('is made under a parent in reach', async () => {
    expect((await post(keeper, '/shelves', shelf(here))).status).toBe(201)
    // without the right to read a depot there is none to name, but their own
    expect((await post(blind, '/shelves', shelf(here))).status).toBe(201)
  })

  test('is not made under one that its maker can’t see, and nothing is told of it', async () => {
    for (const by of [keeper, blind]) {
      const answer = await post(by, '/shelves', shelf(there))
      expect(answer.status, answer.text).toBe(422)
      expect(answer.json().errors).toEqual(OUTSIDE)
    }
  })

  test('is refused under one that its maker only sees', async () => {
    expect((await post(reader, '/shelves', shelf(there))).status).toBe(403)
    expect((await post(reader, '/shelves', shelf(here))).status).toBe(201)
  })

  test('is not moved to a parent out of reach', async () => {
    const move = (by: Person, id: string, depot_id: string) =>
      as(by, app).patch(`/api/v1/shelves/${id}`, { depot_id })
    expect((await move(keeper, mine, there)).json().errors).toEqual(OUTSIDE)
    expect((await move(reader, mine, there)).status).toBe(403)
    expect((await move(keeper, theirs, here)).status).toBe(404)
    const second = await make('/depots', { owner_group_id: north })
    expect((await move(keeper, mine, second)).status).toBe(200)
    expect((await move(keeper, mine, here)).status).toBe(200)
  })

  test('is not imported under a parent out of reach: the row says so, and nothing is written', async () => {
    const before = (await get(boss, '/shelves')).json<{ page: { total: number } }>().page.total
    const csv = `name,depot_id\n${unique('A')},${here}\n${unique('B')},${there}\n`
    const answer = await app.request('/api/v1/shelves/import', {
      method: 'POST',
      headers: { Authorization: `Bearer ${keeper.token}`, 'Content-Type': 'text/csv' },
      body: csv,
    })
    expect(answer.status).toBe(422)
    expect(await answer.text()).toContain('doesn’t exist, or you don’t have access')
    expect((await get(boss, '/shelves')).json<{ page: { total: number } }>().page.total).toBe(before)
  })

  test('has no deleted parent, and comes back only to one that is there', async () => {
    const depot = await make('/depots', { owner_group_id: north })
    const id = await make('/shelves', { depot_id: depot })
    expect((await as(keeper, app).delete(`/api/v1/shelves/${id}`)).status).toBe(204)
    expect((await as(boss, app).delete(`/api/v1/depots/${depot}`)).status).toBe(204)
    for (const by of [boss, keeper]) {
      expect((await post(by, '/shelves', shelf(depot))).json().errors).toEqual(OUTSIDE)
      const back = await post(by, `/shelves/${id}/restore`, {})
      expect([back.status, back.json().detail]).toEqual([409, 'Restore the depot first.'])
    }
    expect((await post(boss, `/depots/${depot}/restore`, {})).status).toBe(200)
    expect((await post(keeper, `/shelves/${id}/restore`, {})).status).toBe(200)
  })
})

describe('what belongs to a group beside its parent', () => {
  test('is seen by either, and placed by the parent alone', async () => {
    const parcel = await make('/parcels', { depot_id: here, sender_group_id: south })
    for (const by of [keeper, sender]) expect((await get(by, `/parcels/${parcel}`)).status).toBe(200)
    // the depot's keeper names a sender that isn't theirs
    const sent = { name: unique('Parcel'), depot_id: here, sender_group_id: south }
    expect((await post(keeper, '/parcels', sent)).status).toBe(201)
    expect((await post(sender, '/parcels', sent)).status).toBe(422)
    expect((await post(keeper, '/parcels', { ...sent, depot_id: there })).status).toBe(422)
    expect((await post(keeper, '/parcels', { ...sent, owner_group_id: south })).status).toBe(403)
  })

  test('names no group of its own where its maker is in several', async () => {
    const both = await personWith(org, codes(all, 'group'), { groups: [north, south] })
    const answer = await post(both, '/parcels', { name: unique('Parcel'), depot_id: there })
    expect(answer.status, answer.text).toBe(201)
    expect(answer.json()).toMatchObject({ owner_group_id: null })
  })

  test('passes both on to what lies beneath it', async () => {
    const parcel = await make('/parcels', { depot_id: here, sender_group_id: south })
    const other = await make('/parcels', { depot_id: here })
    const document = await make('/parcel-documents', { parcel_id: parcel })
    const hidden = await make('/parcel-documents', { parcel_id: other })
    for (const by of [keeper, sender])
      expect((await get(by, `/parcel-documents/${document}`)).status).toBe(200)
    expect((await get(sender, `/parcel-documents/${hidden}`)).status).toBe(404)
    const write = (by: Person, parcel_id: string) =>
      post(by, '/parcel-documents', { name: unique('Paper'), parcel_id })
    expect((await write(sender, parcel)).status).toBe(201)
    expect((await write(sender, other)).status).toBe(422)
  })
})

test('why somebody reaches what lies beneath names the parent and the way down to its group', async () => {
  const beneath = await makeGroup(org, { parent: north })
  const depot = await make('/depots', { owner_group_id: beneath })
  const record = await make('/shelves', { depot_id: depot })
  const asked = { user: keeper.id, permission: 'shelf:update', record }
  const answer = (await get(boss, paths.access.why(asked))).json<{
    allowed: boolean
    because: { matched: { column: string; group_path: string[] } }[]
  }>()
  expect(answer.allowed).toBe(true)
  expect(answer.because[0]?.matched.column).toBe('depot_id.owner_group_id')
  expect(answer.because[0]?.matched.group_path).toHaveLength(2)
})
