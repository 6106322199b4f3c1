import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { KeyRecord } from '#src/domains/accounts/api-keys/model.ts'
import { paths } from '#src/paths.ts'
import { denied, hidden, recorded } from '#tests/access/trail.ts'
import { as, browserOf, send } from '#tests/client.ts'
import { openSession, unique } from '#tests/factories.ts'
import { makePeople, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { org, owner, foreigner } = await makePeople()
const OWN = ['api_key:create:own', 'api_key:read:own', 'api_key:update:own', 'api_key:delete:own']
const maker = await personWith(org, [...OWN, 'user:read:own', 'user:update:own'])
const reader = await personWith(org, ['api_key:read:all', 'user:read:all'])
const stranger = await personWith(org, [...OWN, 'user:read:own'])
const api = (path: string) => `/api/v1${path}`
type Made = KeyRecord & { secret: string }

const body = (more: object = {}) => ({ name: unique('key'), permissions: ['user:read:own'], ...more })
const make = async (who: Person, more: object = {}) => {
  const answer = await as(who).post(api(paths.apiKeys), body(more))
  expect(answer.status, answer.text).toBe(201)
  return answer.json<Made>()
}
const status = async (secret: string) =>
  (await send(api(paths.auth.me), { headers: { Authorization: `Bearer ${secret}` } })).status
const row = (id: string) =>
  past.selectFrom('api_keys').where('id', '=', id).selectAll().executeTakeFirstOrThrow()
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()

describe('changing a key', () => {
  const path = (id: string) => api(paths.apiKey(id))

  test('names it, and makes it less', async () => {
    const key = await make(maker, { permissions: ['user:read:own', 'user:update:own'] })
    const change = { name: 'Less', permissions: ['user:read:own'], allowed_addresses: ['192.0.2.1'] }
    const answer = await as(maker).patch(path(key.id), change, { 'If-Match': '"1"' })
    expect(answer.json()).toMatchObject({ ...change, allowed_addresses: ['192.0.2.1/32'], version: 2 })
    const [line] = await recorded(maker, answer, 'api')
    expect(line).toMatchObject({ action: 'api_key:update', data: { after: { name: 'Less' } } })
    expect((await as(maker).patch(path(key.id), { name: 'x' }, { 'If-Match': '"1"' })).status).toBe(412)
    const page = await browserOf(maker).get(`${paths.apiKey(key.id)}/edit`)
    expect(page.text).toContain('192.0.2.1/32')
    expect(
      (await browserOf(maker).patch(paths.apiKey(key.id), { name: 'By page', allowed_addresses: '' })).status,
    ).toBe(303)
    expect((await row(key.id)).allowed_addresses).toEqual([])
  })

  test('never makes it more, nor another’s', async () => {
    const key = await make(maker)
    expect(
      (await as(maker).patch(path(key.id), { permissions: ['user:read:own', 'user:update:own'] })).status,
    ).toBe(422)
    expect((await as(maker).patch(path(key.id), { user_id: owner.id })).status).toBe(422)
    expect((await as(maker).patch(path(key.id), { permissions: [] })).status).toBe(422)
    expect((await row(key.id)).version).toBe(1)
  })

  test('is for whoever has the right', async () => {
    const key = await make(maker)
    await denied(reader, 'api_key:update', () => as(reader).patch(path(key.id), { name: 'x' }))
    const updater = await personWith(org, ['api_key:read:all', 'api_key:update:own'])
    await denied(updater, 'api_key:update', () => as(updater).patch(path(key.id), { name: 'x' }))
    for (const who of [stranger, foreigner])
      await hidden(who, () => as(who).patch(path(key.id), { name: 'x' }))
    expect((await as(owner).patch(path(key.id), { name: 'By an administrator' })).status).toBe(200)
  })
})

describe('revoking a key', () => {
  const path = (id: string) => api(paths.apiKey(id))

  test('ends it at once, for good; again it changes nothing', async () => {
    const key = await make(maker)
    expect(await status(key.secret)).toBe(200)
    const answer = await as(maker).delete(path(key.id))
    expect(answer.status).toBe(204)
    await expect.poll(() => status(key.secret), { timeout: 1000 }).toBe(401)
    const [line] = await recorded(maker, answer, 'api')
    expect(line).toMatchObject({ action: 'api_key:update', target_id: key.id })
    expect(line?.data.after).toHaveProperty('revoked_at')
    expect((await as(maker).delete(path(key.id))).status).toBe(204)
    expect((await row(key.id)).version).toBe(2)
    expect((await as(maker).patch(path(key.id), { name: 'x' })).status).toBe(409)
    expect((await as(maker).post(api(paths.rotateApiKey(key.id)), {})).status).toBe(409)
    expect((await as(maker).get(path(key.id))).json<KeyRecord>().status).toBe('revoked')
    const page = await browserOf(maker).get(paths.apiKey(key.id))
    expect(page.text).not.toContain('/edit"')
    expect(page.text).not.toContain('>Rotate<')
  })

  test('is for whoever has the right', async () => {
    const key = await make(maker)
    await denied(reader, 'api_key:delete', () => as(reader).delete(path(key.id)))
    for (const who of [stranger, foreigner]) await hidden(who, () => as(who).delete(path(key.id)))
    expect(await status(key.secret)).toBe(200)
    expect((await as(owner).delete(path(key.id))).status).toBe(204)
  })

  test('takes many at once, each as if alone', async () => {
    const [mine, other] = [await make(maker), await make(stranger)]
    const answer = await as(maker).post(api(`${paths.apiKeys}/bulk`), {
      action: 'revoke',
      ids: [mine.id, other.id],
    })
    expect(answer.json()).toMatchObject({ done: 1, refused: 1 })
    expect((await row(other.id)).revoked_at).toBeNull()
    await expect.poll(() => status(mine.secret), { timeout: 1000 }).toBe(401)
  })
})

describe('rotating a key', () => {
  const rotate = (who: Person, id: string, hours?: number, headers = {}) =>
    as(who).post(api(paths.rotateApiKey(id)), hours === undefined ? {} : { overlap_hours: hours }, headers)

  test('gives another secret; the former one works for the chosen time', async () => {
    const key = await make(maker)
    const answer = await rotate(maker, key.id, 48)
    expect(answer.status).toBe(200)
    const { secret, former, version } = answer.json<Made>()
    expect(secret).not.toBe(key.secret)
    expect(former?.prefix).toBe(key.prefix)
    expect(Math.round((Date.parse(former?.expires_at ?? '') - Date.now()) / 3_600_000)).toBe(48)
    expect(version).toBe(2)
    expect([await status(secret), await status(key.secret)]).toEqual([200, 200])
    const [line] = await recorded(maker, answer, 'api')
    expect(line).toMatchObject({ action: 'api_key:update', data: { before: { prefix: key.prefix } } })
    await past
      .updateTable('api_keys')
      .set({ former_expires_at: sql`now()` })
      .where('id', '=', key.id)
      .execute()
    await expect.poll(() => status(key.secret), { timeout: 1000 }).toBe(401)
    expect(await status(secret)).toBe(200)
  })

  test('lets two secrets work at most, and can end both at once', async () => {
    const key = await make(maker)
    const second = (await rotate(maker, key.id)).json<Made>()
    expect((await rotate(maker, key.id, 1)).status).toBe(409)
    const third = (await rotate(maker, key.id, 0)).json<Made>()
    await expect
      .poll(async () => [await status(key.secret), await status(second.secret)], { timeout: 1000 })
      .toEqual([401, 401])
    expect([await status(third.secret), third.former]).toEqual([200, null])
  })

  test.each([-1, 169, 1.5, 'long'])('for %s hours is refused', async (hours) => {
    const key = await make(maker)
    expect((await rotate(maker, key.id, hours as number)).status).toBe(422)
  })

  test('works from its page', async () => {
    const key = await make(maker)
    const browser = browserOf(maker)
    const form = await browser.get(paths.rotateApiKey(key.id))
    expect(form.text).toContain('For a week')
    const answer = await browser.post(paths.rotateApiKey(key.id), { overlap_hours: '24', version: '1' })
    const [secret = ''] = /amb_[0-9A-Za-z]{49}/.exec(answer.text) ?? []
    expect([answer.status, await status(secret)]).toEqual([200, 200])
  })

  test('is for the key’s own person', async () => {
    const key = await make(maker)
    await denied(reader, 'api_key:update', () => rotate(reader, key.id))
    await denied(owner, 'api_key:update', () => rotate(owner, key.id))
    for (const who of [stranger, foreigner]) await hidden(who, () => rotate(who, key.id))
    const token = await openSession(maker, 'token', { proved: '11 minutes' })
    expect((await rotate({ ...maker, token }, key.id)).json().type).toBe('reauthentication-required')
    expect(await status(key.secret)).toBe(200)
  })

  test('fifty times at once: one success by one version, two secrets that work without', async () => {
    const key = await make(maker)
    const racing = await Promise.all(
      Array.from({ length: 50 }, () => rotate(maker, key.id, 24, { 'If-Match': '"1"' })),
    )
    const statuses = racing.map((answer) => answer.status).sort()
    expect(statuses).toEqual([200, ...Array<number>(49).fill(412)])
    const blind = await Promise.all(Array.from({ length: 50 }, () => rotate(maker, key.id, 0)))
    expect(blind.every((answer) => answer.status === 200)).toBe(true)
    const secrets = [
      key.secret,
      ...[...racing, ...blind].flatMap((answer) => answer.json<Made>().secret ?? []),
    ]
    await expect
      .poll(async () => (await Promise.all(secrets.map(status))).filter((one) => one === 200).length, {
        timeout: 2000,
      })
      .toBe(1)
    const other = await make(maker)
    const overlapping = await Promise.all(Array.from({ length: 50 }, () => rotate(maker, other.id, 24)))
    expect(overlapping.filter((answer) => answer.status === 200)).toHaveLength(1)
    expect(overlapping.filter((answer) => answer.status === 409)).toHaveLength(49)
  })
})

test('a key that has ended says so, everywhere; it is found by that, and by nothing else', async () => {
  const one = (id: string) => api(paths.apiKey(id))
  const [ended, lasting, revoked] = [await make(maker), await make(maker), await make(maker)]
  const past_ = new Date(Date.now() - 1000).toISOString()
  for (const { id } of [ended, revoked])
    await past.updateTable('api_keys').set({ expires_at: past_ }).where('id', '=', id).execute()
  await as(maker).delete(one(revoked.id))
  const said = async ({ id }: Made) => (await as(maker).get(one(id))).json<KeyRecord>().status
  expect([await said(ended), await said(lasting), await said(revoked)]).toEqual([
    'expired',
    'active',
    'revoked',
  ])
  const found = async (status: string) => {
    const answer = await as(maker).get(`${api(paths.apiKeys)}?status=${status}&limit=200`)
    return answer.json<{ data: KeyRecord[] }>().data
  }
  const mine = [ended, lasting, revoked].map(({ id }) => id)
  const among = async (status: string) =>
    (await found(status)).filter(({ id }) => mine.includes(id)).map(({ id }) => id)
  expect(await among('expired')).toEqual([ended.id])
  expect(await among('active')).toEqual([lasting.id])
  expect((await among('active,expired')).sort()).toEqual([ended.id, lasting.id].sort())
  const { data } = (await as(maker).get(`${api(paths.apiKeys)}/facets`)).json<{
    data: { status: { value: string; count: number }[] }
  }>()
  for (const { value, count } of data.status)
    expect([value, count]).toEqual([value, (await found(value)).length])
  const row_ = await browserOf(maker).get(`${paths.apiKeys}?status=expired`)
  expect(row_.text).toContain(ended.name)
  expect(row_.text).not.toContain(lasting.name)
  // given another end, it is used again
  expect((await as(maker).patch(one(ended.id), { expires_at: inHours(1) })).status).toBe(200)
  expect(await said(ended)).toBe('active')
})
