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
