import { expect, test } from 'vitest'
import { random } from '#examples/fictional.ts'
import { as } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'
import { withOffers } from '#tests/kinds/setup.ts'

const app = withOffers()
const org = await makeOrganization()
const owner = await makeUser(org, { roles: [roleOf(org, 'owner')] })
const api = as(owner, app)
type Offer = { id: string; total: string; discount: string | null }
const make = (body: object) => api.post('/api/v1/offers', { name: unique('Offer'), ...body })

test('what is sent is what is answered, and what a file carries and brings back', async () => {
  const next = random(Date.now())
  const digits = (count: number) => Array.from({ length: count }, () => Math.floor(next() * 10)).join('')
  for (let n = 0; n < 40; n++) {
    const whole = digits(1 + Math.floor(next() * 13)).replace(/^0+(?=\d)/, '')
    const total = `${next() < 0.5 ? '-' : ''}${whole}.${digits(2)}`
    const expected = /[1-9]/.test(total) ? total : total.replace('-', '')
    const { id, ...made } = (await make({ total })).json<Offer>()
    expect(made.total).toBe(expected)
    expect((await api.get(`/api/v1/offers/${id}`)).json<Offer>().total).toBe(expected)
    // the same again changes nothing
    const again = await api.patch(`/api/v1/offers/${id}`, { total: expected })
    expect(again.headers.get('etag')).toMatch(/^"1-/)
  }
  const listed = (await api.get('/api/v1/offers?limit=200')).json<{ data: Offer[] }>().data
  const [head = '', ...lines] = (await api.get('/api/v1/offers?format=csv&limit=200')).text
    .trim()
    .split('\r\n')
  const at = head.split(',').indexOf('total')
  expect(lines.map((line) => line.split(',')[at]).sort()).toEqual(listed.map(({ total }) => total).sort())
  const csv = ['name,total', ...listed.map(({ total }) => `${unique('Back')},${total}`)].join('\n')
  const headers = { Authorization: `Bearer ${owner.token}`, 'Content-Type': 'text/csv' }
  const answer = await app.request('/api/v1/offers/import', { method: 'POST', headers, body: csv })
  expect(answer.status, await answer.clone().text()).toBe(200)
  const after = (await api.get('/api/v1/offers?limit=200&q=Back')).json<{ data: Offer[] }>().data
  expect(after.map(({ total }) => total).sort()).toEqual(listed.map(({ total }) => total).sort())
})

test.each([
  ['a number of JSON', 1234.5, '1234.50'],
  ['leading zeros', '0007', '7.00'],
  ['nothing below zero', '-0.00', '0.00'],
  ['blanks around it', ' 1.5 ', '1.50'],
])('%s has one form', async (_, total, expected) => {
  expect((await make({ total })).json<Offer>().total).toBe(expected)
})

test.each([['1.005'], ['1e3'], ['1,5'], ['12345678901234'], [0.1 + 0.2], ['NaN'], [''], [null], [true]])(
  '%j is no amount, and the field says what is',
  async (total) => {
    const answer = await make({ total })
    expect(answer.status).toBe(422)
    const [error] = answer.json().errors ?? []
    expect(error).toEqual({ path: 'total', message: 'Enter a number with up to 2 decimal places' })
  },
)

test('a list is limited by ranges, to the last place', async () => {
  const mark = unique('ranged')
  for (const discount of ['0.9', '1.0', '1.1', '-1.0'])
    expect((await make({ name: `${mark} ${discount}`, total: '1', discount })).status).toBe(201)
  const within = async (query: string) =>
    (await api.get(`/api/v1/offers?q=${mark}&${query}`))
      .json<{ data: Offer[] }>()
      .data.map(({ discount }) => discount)
      .sort()
  expect(await within('discount.gte=1')).toEqual(['1.0', '1.1'])
  expect(await within('discount.lt=1.0')).toEqual(['-1.0', '0.9'])
  expect(await within('discount=1')).toEqual(['1.0'])
  expect((await api.get('/api/v1/offers?discount=much')).status).toBe(400)
})

test.each([
  ['page', 'http://www.example.com', 'Enter an address that starts with https://'],
  ['page', 'javascript:alert(1)', 'Enter an address that starts with https://'],
  ['zone', 'Europe/Atlantis', 'Choose a time zone'],
  ['language', 'xx', 'Choose a language'],
])('%s takes no %s', async (path, value, message) => {
  const answer = await make({ total: '1', [path]: value })
  expect(answer.json().errors).toEqual([{ path, message }])
})
