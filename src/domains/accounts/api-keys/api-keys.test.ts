import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { isApiKey } from '#src/access/api-key.ts'
import type { KeyEffect, KeyRecord } from '#src/domains/accounts/api-keys/model.ts'
import { paths } from '#src/paths.ts'
import { serviceWith, withKey } from '#tests/access/keys/keys.ts'
import { denied, hidden, recorded } from '#tests/access/trail.ts'
import { as, browserOf, send } from '#tests/client.ts'
import { makeGroup, makeRole, makeUser, openSession, roleOf, unique } from '#tests/factories.ts'
import { makePeople, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { org, owner, foreigner } = await makePeople()
const OWN = ['api_key:create:own', 'api_key:read:own', 'api_key:update:own', 'api_key:delete:own']
const maker = await personWith(org, [...OWN, 'user:read:own', 'user:update:own'])
const reader = await personWith(org, ['api_key:read:all', 'user:read:all'])
const stranger = await personWith(org, [...OWN, 'user:read:own'])
const nobody = await makeUser(org)
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

describe('making a key', () => {
  test('shows its secret once, and it works', async () => {
    const sent = body({ allowed_addresses: ['192.0.2.0/24', '::ffff:10.1.2.3'], expires_at: inHours(5) })
    const answer = await as(maker).post(api(paths.apiKeys), sent)
    expect(answer.status).toBe(201)
    expect(answer.headers.get('cache-control')).toContain('no-store')
    const { secret, ...key } = answer.json<Made>()
    expect(isApiKey(secret)).toBe(true)
    expect(key).toMatchObject({
      name: sent.name,
      user_id: maker.id,
      prefix: secret.slice(0, 12),
      status: 'active',
      permissions: ['user:read:own'],
      allowed_addresses: ['192.0.2.0/24', '10.1.2.3/32'],
      last_used_at: null,
      former: null,
      version: 1,
    })
    expect(await status(secret)).toBe(200)
    const [line] = await recorded(maker, answer, 'api')
    expect(line).toMatchObject({
      action: 'api_key:create',
      target_id: key.id,
      data: {
        after: { user_id: maker.id, name: sent.name, permissions: ['user:read:own'], prefix: key.prefix },
      },
    })
    const read = await as(maker).get(api(paths.apiKey(key.id)))
    expect(read.json()).toEqual(key)
    for (const text of [read.text, JSON.stringify(line), JSON.stringify(await row(key.id))])
      expect(text).not.toContain(secret.slice(12))
    const { hash } = await row(key.id)
    expect(JSON.stringify(line)).not.toContain(hash.toString('hex'))
  })

  test('works from its page, which shows the secret with a button to copy it', async () => {
    const browser = browserOf(maker)
    const form = await browser.get(paths.newApiKey())
    expect(form.status).toBe(200)
    expect(form.text).toContain('value="user:update:own"')
    expect(form.text).not.toContain('value="role:read:all"')
    expect(form.text).not.toContain('value="api_key:create:own"')
    const wrong = await browser.post(paths.apiKeys, {
      name: '',
      permissions: ['', 'user:read:own'],
      expires_at: '',
      allowed_addresses: 'here',
    })
    expect(wrong.status).toBe(422)
    expect(wrong.text).toContain('Replace here by an address')
    expect(wrong.text).toMatch(/value="user:read:own" checked/)
    const made = await browser.post(paths.apiKeys, {
      name: 'From a page',
      permissions: ['', 'user:read:own'],
      expires_at: inHours(50).slice(0, 10),
      allowed_addresses: '192.0.2.0/24\n2001:db8::/32',
    })
    expect(made.status).toBe(201)
    expect(made.headers.get('cache-control')).toContain('no-store')
    const [secret = ''] = /amb_[0-9A-Za-z]{49}/.exec(made.text) ?? []
    expect(made.text).toContain(`data-copy="${secret}"`)
    expect(await status(secret)).toBe(200)
    const page = await browser.get(paths.myApiKeys)
    expect(page.text).toContain('From a page')
    expect(page.text).not.toContain(secret.slice(12))
  })

  test('is for whoever has the right, in person', async () => {
    await denied(nobody, 'api_key:create', () => as(nobody).post(api(paths.apiKeys), body()))
    const key = await withKey(owner, ['api_key:create:own', 'api_key:read:own', 'user:read:own'])
    expect((await as(key).post(api(paths.apiKeys), body())).status).toBe(403)
    expect((await as(key).post(api(paths.myApiKeys), body())).status).toBe(403)
    expect((await as(key).get(api(paths.myApiKeys))).status).toBe(200)
  })

  test('asks again who it is, after ten minutes', async () => {
    const token = await openSession(maker, 'token', { proved: '11 minutes' })
    const answer = await as({ ...maker, token }).post(api(paths.apiKeys), body())
    expect(answer.status).toBe(403)
    expect(answer.json().type).toBe('reauthentication-required')
  })

  test('gives nothing that the maker has not', async () => {
    const strong = body({ permissions: ['user:read:own', 'user:read:all'] })
    await denied(maker, 'api_key:create', () => as(maker).post(api(paths.apiKeys), strong))
    const enter = await as(owner).post(api(paths.apiKeys), body({ permissions: ['api_key:create:own'] }))
    expect(enter.status).toBe(422)
    // what one has for all, one has for one's own
    const admin = await personWith(org, ['user:read:all', 'api_key:create:own'])
    expect((await as(admin).post(api(paths.apiKeys), body())).status).toBe(201)
  })

  test('for another person is refused, also to who administers keys', async () => {
    await denied(owner, 'api_key:create', () =>
      as(owner).post(api(paths.apiKeys), body({ user_id: maker.id })),
    )
    await denied(maker, 'api_key:create', () =>
      as(maker).post(api(paths.apiKeys), body({ user_id: owner.id })),
    )
    const foreign = await as(owner).post(api(paths.apiKeys), body({ user_id: foreigner.id }))
    expect(foreign.status).toBe(422)
  })

  test.each<[string, object]>([
    ['no name', { name: '' }],
    ['no permission', { permissions: [] }],
    ['an unknown word', { permissions: ['everything'] }],
    ['an end in the past', { expires_at: inHours(-1) }],
    ['an end that is none', { expires_at: 'soon' }],
    ['an address that is none', { allowed_addresses: ['300.1.1.1'] }],
    ['a prefix too long', { allowed_addresses: ['10.0.0.0/33'] }],
    ['a secret of one’s own', { secret: 'amb_x' }],
    ['a hash', { hash: 'x' }],
    ['another status', { status: 'active' }],
  ])('is refused with %s', async (_, more) => {
    expect((await as(maker).post(api(paths.apiKeys), body(more))).status).toBe(422)
  })

  test('keeps no answer for an Idempotency-Key', async () => {
    const again = { 'Idempotency-Key': unique('once') }
    const sent = body()
    const [one, other] = [
      await as(maker).post(api(paths.apiKeys), sent, again),
      await as(maker).post(api(paths.apiKeys), sent, again),
    ]
    expect(one.json<Made>().secret).not.toBe(other.json<Made>().secret)
    const kept = await past
      .selectFrom('idempotency_keys')
      .where('user_id', '=', maker.id)
      .selectAll()
      .execute()
    expect(kept).toEqual([])
  })
})

describe('reading keys', () => {
  test('shows one’s own, or everybody’s, and never another organization’s', async () => {
    const [mine, foreign] = [await make(maker), await make(foreigner)]
    const ids = async (who: Person, path: string) =>
      (await as(who).get(api(`${path}?limit=200`))).json<{ data: KeyRecord[] }>().data.map(({ id }) => id)
    expect(await ids(maker, paths.apiKeys)).toContain(mine.id)
    expect(await ids(stranger, paths.apiKeys)).toEqual([])
    expect(await ids(reader, paths.apiKeys)).toContain(mine.id)
    expect(await ids(reader, paths.apiKeys)).not.toContain(foreign.id)
    for (const who of [stranger, foreigner]) await hidden(who, () => as(who).get(api(paths.apiKey(mine.id))))
    await denied(nobody, 'api_key:read', () => as(nobody).get(api(paths.apiKey(mine.id))))
    expect((await as(reader).get(api(paths.myApiKeys))).json<{ data: object[] }>().data).toEqual([])
    expect((await browserOf(reader).get(`${paths.apiKeys}?user_id=${maker.id}`)).text).toContain(mine.name)
    const file = await as(reader).get(api(`${paths.apiKeys}?format=csv&user_id=${maker.id}`))
    expect(file.text).toContain(mine.name)
    expect(file.text).not.toContain(mine.secret.slice(12))
  })

  test('tells what a key can do now, and what its owner has no more', async () => {
    const role = await makeRole(org, { permissions: [...OWN, 'user:read:own', 'role:read:all'] })
    const person = await makeUser(org, { roles: [role] })
    const key = await make(person, { permissions: ['user:read:own', 'role:read:all'] })
    const effect = async () => (await as(reader).get(api(paths.apiKeyPermissions(key.id)))).json<KeyEffect>()
    const held = ({ data }: KeyEffect) => data.map((one) => [one.code, one.held])
    expect(held(await effect())).toEqual([
      ['role:read:all', true],
      ['user:read:own', true],
    ])
    await past
      .deleteFrom('role_permissions')
      .where('role_id', '=', role)
      .where('permission_id', '=', org.permissions.get('role:read:all') as string)
      .execute()
    const less = await effect()
    expect([less.active, held(less)]).toEqual([
      true,
      [
        ['role:read:all', false],
        ['user:read:own', true],
      ],
    ])
    expect((await browserOf(reader).get(paths.apiKeyPermissions(key.id))).text).toContain('No longer')
    await past.updateTable('users').set({ status: 'disabled' }).where('id', '=', person.id).execute()
    const none = await effect()
    expect([none.active, none.reason, none.data.some((one) => one.held)]).toEqual([
      false,
      `${person.username} is disabled`,
      false,
    ])
    await hidden(stranger, () => as(stranger).get(api(paths.apiKeyPermissions(key.id))))
  })
})

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

describe('keys of a service account', async () => {
  const role = await makeRole(org, { permissions: ['user:read:all', 'group:read:group'] })
  const group = await makeGroup(org)
  const service = await serviceWith({ org }, [role], [group])
  const makes = ['api_key:create:all', 'api_key:read:all', 'api_key:update:all', 'user:read:all']

  test('are made by who is not weaker, and may do there what the key may', async () => {
    const equal = await personWith(org, [...makes, 'group:read:all'])
    const key = await make(equal, { user_id: service.id, permissions: ['user:read:all', 'group:read:group'] })
    const me = await send(api(paths.auth.me), { headers: { Authorization: `Bearer ${key.secret}` } })
    expect(me.json()).toMatchObject({
      username: service.username,
      permissions: ['group:read:group', 'user:read:all'],
    })
    expect((await as({ ...owner, token: key.secret }).get(api(paths.group(group)))).status).toBe(200)
    expect((await as(equal).post(api(paths.rotateApiKey(key.id)), { overlap_hours: 0 })).status).toBe(200)
  })

  test('are not made by who is weaker', async () => {
    const weaker = await personWith(org, makes)
    await denied(weaker, 'role:assign', () =>
      as(weaker).post(api(paths.apiKeys), body({ user_id: service.id, permissions: ['user:read:all'] })),
    )
    // may give the role of a template, and not act by it
    const assigner = await personWith(org, [...makes, 'role:assign:all'])
    const billing = await serviceWith({ org }, [roleOf(org, 'viewer')])
    const asks = body({ user_id: billing.id, permissions: ['group:read:group'] })
    await denied(assigner, 'api_key:create', () => as(assigner).post(api(paths.apiKeys), asks))
  })

  test('are not made by who does not reach its groups, or its own rows', async () => {
    const elsewhere = await personWith(org, [...makes, 'group:read:group'], {
      groups: [await makeGroup(org)],
    })
    const asks = body({ user_id: service.id, permissions: ['group:read:group'] })
    await denied(elsewhere, 'role:assign', () => as(elsewhere).post(api(paths.apiKeys), asks))
    const inside = await personWith(org, [...makes, 'group:read:group'], { groups: [group] })
    expect((await as(inside).post(api(paths.apiKeys), asks)).status).toBe(201)
  })

  test('hold nothing that the account has not, and are not its own to make', async () => {
    const more = body({ user_id: service.id, permissions: ['role:read:all'] })
    expect((await as(owner).post(api(paths.apiKeys), more)).status).toBe(422)
    const own = await personWith(org, ['api_key:create:own', 'user:read:all'])
    await denied(own, 'api_key:create', () => as(own).post(api(paths.apiKeys), body({ user_id: service.id })))
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
