import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { endpoints } from '#src/app.ts'
import type { Tx } from '#src/db/database.ts'
import { conflict } from '#src/errors.ts'
import { can, get, post } from '#src/http/endpoint.ts'
import { mayOf } from '#src/resource/call.ts'
import type { RecordRow } from '#src/resource/entity.ts'
import { pageJson } from '#src/resource/list/page.ts'
import { list } from '#src/resource/list/query.ts'
import { sourceOf } from '#src/resource/list/source.ts'
import { listScreen } from '#src/resource/list/views.tsx'
import { createRecord, lockRecord, updateRecord } from '#src/resource/record/write.ts'
import { resourceRoutes } from '#src/resource/routes.tsx'
import { Field } from '#src/ui/field.tsx'
import { Panel } from '#src/ui/surface.tsx'
import { denied, hidden, recorded } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import { unique } from '#tests/factories.ts'
import { makePeople, type Person, personWith } from '#tests/people.ts'
import { vendors } from '#tests/vendors/model.ts'
import { withVendors } from '#tests/vendors/setup.ts'

type Vendor = RecordRow & { name: string; rating: number | null; notes: string; preferred: boolean }

/** What a hand-written action looks like: the same signature, the kernel's own pieces where they fit. */
async function reRate(
  tx: Tx,
  actor: UserActor,
  grant: Grant<'vendor', 'update'>,
  id: string,
  change: never,
  version: number | null,
) {
  const { rating } = change as { rating?: number | null }
  const { row } = await lockRecord(tx, vendors, actor, grant, id, { version })
  if (typeof rating === 'number' && rating < Number(row().rating)) throw conflict('rating', 'only goes up')
  return updateRecord(tx, vendors, actor, grant, id, change, version)
}

const prefer = (tx: Tx, actor: UserActor, grant: Grant<'vendor', 'update'>, id: string) =>
  updateRecord(tx, vendors, actor, grant, id, { preferred: true }, null)

/** A list by hand: only vendors that have a rating. */
const rated = get(
  '/vendors',
  can('vendor:read'),
  { query: vendors.query },
  async ({ db, actor, grant, query }) => {
    const source = sourceOf(vendors, grant, query, actor)
    const matching = (cold: Tx) => source.matching(cold).where(sql<boolean>`vendors.rating is not null`)
    const found = await list<RecordRow>(db, actor, query, { ...source, matching })
    return {
      json: pageJson(found),
      screen: (frame) =>
        listScreen({
          resource: vendors,
          found,
          view: query,
          all: grant.all,
          at: '',
          may: mayOf(vendors, actor),
          frame,
          actions: 'Rated alone',
        }),
    }
  },
)

const preferring = post(
  '/vendors/:id/prefer',
  can('vendor:update'),
  { answer: vendors.record },
  async ({ db, actor, grant, id }) => {
    const { json, version } = await db.withActor(actor, (tx) => prefer(tx, actor, grant, id()))
    return { json, etag: version, location: `/vendors/${id()}` }
  },
)

const byHand = [
  rated,
  preferring,
  ...resourceRoutes(vendors, {
    without: ['list', 'import'],
    actions: {
      create: (tx, actor, grant, input) => createRecord(tx, vendors, actor, grant, input),
      update: reRate,
    },
    prepare: async (body) => ({ ...(body as object), notes: 'prepared' }),
    load: async ({ db }, { id }) => ({ told: `${await db.ready()} of ${id}` }),
    panels: (row, { extra, record }) => (
      <Panel title="By hand">
        {extra.told} {String(row.name)} {record.update ? 'changeable' : 'fixed'}
      </Panel>
    ),
    head: (_, { actor }) => <b>{actor.can('vendor:delete') ? 'Head for you' : 'Head'}</b>,
    tabs: (row) => [{ label: 'Orders', path: `/vendors/${row.id}/orders` }],
    fields: ({ field }) => <Field {...field('name')} label="The one field" />,
    more: (_, { offered }) => <i>{JSON.stringify(offered.extra)}</i>,
    offer: async () => ({ extra: [{ value: 'x', label: 'Offered by hand' }] }),
    bulk: {
      prefer: {
        needs: 'update',
        label: 'Prefer',
        icon: 'plus',
        doneLabel: 'preferred',
        already: 'already preferred',
        one: prefer,
      },
    },
  }),
]
const app = withVendors([...endpoints, ...byHand])
const { org, owner, foreigner } = await makePeople()
const make = async (body: object = {}, by: Person = owner) =>
  (await as(by, app).post('/api/vendors', { name: unique('Vendor'), ...body })).json<Vendor>()

describe('a part that is written by hand', () => {
  test('the list: its own query, with the Grant, search and pages of the others', async () => {
    const seen = await personWith(org, ['vendor:read:own'])
    const good = await make({ rating: 3, name: 'Listed Good' })
    const mine = await make({ rating: 2, name: 'Listed Mine', owner_user_id: seen.id })
    await make({ name: 'Listed Without' })
    const names = async (by: Person, query = '') =>
      (await as(by, app).get(`/api/vendors${query}`)).json<{ data: Vendor[] }>().data.map(({ id }) => id)
    expect(await names(owner, '?q=listed')).toEqual([good.id, mine.id])
    expect(await names(owner, '?q=listed&sort=-name&limit=1')).toEqual([mine.id])
    expect(await names(seen)).toEqual([mine.id])
    expect(await names(foreigner)).toEqual([])
    expect((await browserOf(owner, app).get('/vendors')).text).toContain('Rated alone')
    expect((await as(owner, app).get('/api/vendors?nonsense=1')).status).toBe(400)
  })

  test('an action: what it forbids is refused, the form keeps its input, the rest is as ever', async () => {
    const { id, version } = await make({ rating: 3 })
    const path = `/api/vendors/${id}`
    const worse = await as(owner, app).patch(path, { rating: 1 })
    expect([worse.status, worse.json().errors]).toEqual([409, [{ path: 'rating', message: 'only goes up' }]])
    const form = await browserOf(owner, app).patch(`/vendors/${id}`, { name: 'Kept "so"', rating: '1' })
    expect([form.status, form.text.includes('value="Kept &quot;so&quot;"')]).toEqual([409, true])
    expect((await as(owner, app).patch(path, { rating: 4 }, { 'If-Match': '"9"' })).status).toBe(412)
    const better = await as(owner, app).patch(path, { rating: 4 }, { 'If-Match': `"${version}"` })
    expect(better.json<Vendor>()).toMatchObject({ rating: 4, version: version + 1 })
    expect(await recorded(owner, better, 'api')).toMatchObject([
      { action: 'vendor:update', data: { before: { rating: 3 }, after: { rating: 4 } } },
    ])
    const looker = await personWith(org, ['vendor:read:all', 'vendor:update:own'])
    await denied(looker, 'vendor:update', () => as(looker, app).patch(path, { rating: 5 }))
    await hidden(foreigner, () => as(foreigner, app).patch(path, { rating: 5 }))
  })

  test('work before a record is made', async () => {
    expect(await make({ notes: 'sent' })).toMatchObject({ notes: 'prepared' })
  })

  test('panels, head and tabs of the record, with what was loaded for them', async () => {
    const { id, name } = await make()
    const { text } = await browserOf(owner, app).get(`/vendors/${id}`)
    for (const part of [
      `true of ${id} ${name} changeable`,
      'Head for you',
      `href="/vendors/${id}/orders"`,
      'Details',
      '/delete"',
    ])
      expect(text).toContain(part)
    const looker = await personWith(org, ['vendor:read:all'])
    const seen = await browserOf(looker, app).get(`/vendors/${id}`)
    expect(seen.text).toContain('fixed')
    expect(seen.text).not.toContain('Head for you')
    // the tabs stand on the history, too
    expect((await browserOf(owner, app).get(`/vendors/${id}/history`)).text).toContain(
      `/vendors/${id}/orders"`,
    )
  })

  test('the fields of the form, and what they offer', async () => {
    const { text } = await browserOf(owner, app).get('/vendors/new')
    for (const part of ['The one field', 'Offered by hand', 'name="csrf_token"', 'Add vendor'])
      expect(text).toContain(part)
    expect(text).not.toContain('name="rating"')
  })

  test('what is done to many', async () => {
    const [one, two] = [await make(), await make()]
    const answer = await as(owner, app).post('/api/vendors/bulk', {
      action: 'prefer',
      ids: [one.id, two.id, owner.id],
    })
    expect(answer.json()).toMatchObject({ done: 2, refused: 1 })
    expect((await as(owner, app).get(`/api/vendors/${one.id}`)).json<Vendor>().preferred).toBe(true)
    const deleted = await as(owner, app).post('/api/vendors/bulk', { action: 'delete', ids: [one.id] })
    expect(deleted.json()).toMatchObject({ done: 1 })
  })

  test('a verb of its own beside', async () => {
    const { id } = await make()
    const answer = await as(owner, app).post(`/api/vendors/${id}/prefer`)
    expect(answer.json<Vendor>()).toMatchObject({ preferred: true, version: 2 })
    await hidden(foreigner, () => as(foreigner, app).post(`/api/vendors/${id}/prefer`))
  })

  test('what it doesn’t have isn’t there, nor offered', async () => {
    for (const path of ['/vendors/import', '/vendors/imports'])
      expect((await as(owner, app).post(`/api${path}`, {})).status).toBeGreaterThanOrEqual(404)
    expect((await browserOf(owner, app).get('/vendors')).text).not.toContain('/vendors/import')
  })

  test('and all others stay as they are', async () => {
    const { id, version } = await make({ rating: 1 })
    const paths = [`/api/vendors/${id}`, `/api/vendors/${id}/history`, '/api/vendors/facets']
    for (const path of paths) expect((await as(owner, app).get(path)).status, path).toBe(200)
    expect(
      (await as(owner, app).delete(`/api/vendors/${id}`, undefined, { 'If-Match': `"${version}"` })).status,
    ).toBe(204)
    expect((await as(owner, app).post(`/api/vendors/${id}/restore`)).json<Vendor>().version).toBe(version + 2)
  })
})
