import { expect, test } from 'vitest'
import { as, browserOf } from '#tests/client.ts'
import { makePeople } from '#tests/people.ts'
import { withVendors as app } from '#tests/vendors/setup.ts'

const { owner } = await makePeople()

test('walk', async () => {
  const made = await as(owner, app).post('/api/vendors', {
    name: 'Ärzte & Co',
    rating: 3,
    since: '2026-01-01',
  })
  console.log(made.status, made.text)
  const id = made.json<{ id: string }>().id
  for (const path of [
    `/api/vendors`,
    `/api/vendors/${id}`,
    `/api/vendors/${id}/history`,
    '/api/vendors?format=csv',
    '/api/vendors?q=arz&kind=goods&sort=-name',
  ]) {
    const a = await as(owner, app).get(path)
    console.log(path, a.status, a.text.slice(0, 1500))
  }
  const p = await as(owner, app).patch(`/api/vendors/${id}`, { rating: 4 })
  console.log(p.status, p.text)
  for (const path of [
    '/vendors',
    '/vendors/new',
    `/vendors/${id}`,
    `/vendors/${id}/edit`,
    `/vendors/${id}/history`,
  ]) {
    const a = await browserOf(owner, app).get(path)
    console.log(path, a.status, a.text.length, /Ärzte/.test(a.text))
    expect(a.status).toBe(200)
  }
  const b = await as(owner, app).post('/api/vendors/bulk', { action: 'delete', ids: [id, owner.id] })
  console.log(b.status, b.text)
  const r = await as(owner, app).post(`/api/vendors/${id}/restore`)
  console.log(r.status, r.text)
})
