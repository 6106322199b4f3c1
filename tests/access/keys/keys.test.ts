import { describe, expect, test } from 'vitest'
import { isApiKey, newApiKey, prefixOf } from '#src/access/api-key.ts'
import { Cookies } from '#src/http/cookies.ts'
import { paths } from '#src/paths.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { as, send } from '#tests/client.ts'
import { addMember, makeGroup, makeRole, makeUser, unique } from '#tests/factories.ts'
import { makePeople, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const { owner: past, config, db } = here
const people = await makePeople()
const { org, owner, colleague } = people
const api = (path: string) => `/api/v1${path}`
const bearer = (token: string, more: Record<string, string> = {}) => ({
  headers: { Accept: 'application/json', Authorization: `Bearer ${token}`, ...more },
})
type Me = { username: string; permissions: string[] }

describe('a key', () => {
  test('is known by its looks: 256 random bits with a checksum', () => {
    const keys = Array.from({ length: 200 }, newApiKey)
    for (const key of keys) {
      expect(key).toMatch(/^amb_[0-9A-Za-z]{49}$/)
      expect(isApiKey(key)).toBe(true)
      expect(key.startsWith(prefixOf(key))).toBe(true)
    }
    expect(new Set(keys).size).toBe(200)
    // every place of the secret varies
    for (let at = 5; at < 47; at++)
      expect(new Set(keys.map((key) => key[at])).size, `${at}`).toBeGreaterThan(20)
  })

  test('with one character changed is none', () => {
    const key = newApiKey()
    for (let at = 4; at < key.length; at++) {
      const other = key.slice(0, at) + (key[at] === 'x' ? 'y' : 'x') + key.slice(at + 1)
      expect(isApiKey(other), other).toBe(false)
    }
  })

  test('that is malformed, or whose checksum is wrong, is refused without a query', async () => {
    const good = (await withKey(owner, ['user:read:own'])).token
    const swapped = good.slice(0, -1) + (good.endsWith('0') ? '1' : '0')
    const wrong = [
      swapped,
      good.slice(0, -1),
      `${good}0`,
      good.replace('amb_', 'abm_'),
      good.slice(4),
      `AMB_${good.slice(4)}`,
    ]
    const before = { ...db.counted }
    for (const token of wrong) {
      const answer = await send(api(paths.auth.me), bearer(token))
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    }
    expect(db.counted).toEqual(before)
    expect((await send(api(paths.auth.me), bearer(newApiKey()))).status).toBe(401)
    expect(db.counted.statements).toBe(before.statements + 1)
    expect((await send(api(paths.auth.me), bearer(good))).status).toBe(200)
  })

  test('goes into the header Authorization alone, and with nothing beside it', async () => {
    const { token } = await withKey(owner, ['user:read:own'])
    const cookie = new Cookies(config).session
    const me = (headers: Record<string, string>) => send(api(paths.auth.me), { headers })
    expect((await me({ Authorization: `bearer ${token}` })).status).toBe(200)
    for (const headers of [
      { Authorization: `Bearer ${token}`, Cookie: `${cookie}=${owner.cookie}` },
      { Authorization: `Bearer ${token}`, Cookie: `${cookie}=nonsense` },
      { Authorization: `Bearer ${token}, Bearer ${token}` },
      { Authorization: `Bearer ${token} ${token}` },
      { Authorization: token },
      { Authorization: `Basic ${btoa(`${token}:`)}` },
      { Cookie: `${cookie}=${token}` },
      { 'X-API-Key': token },
    ] as Record<string, string>[])
      expect((await me(headers)).status, JSON.stringify(headers)).toBe(401)
    expect((await send(`${api(paths.auth.me)}?api_key=${token}&access_token=${token}`)).status).toBe(401)
  })

  test('gets JSON at every address, and no page', async () => {
    const { token } = await withKey(owner, ['user:read:all'])
    const answer = await send(paths.users, bearer(token, { Accept: '*/*' }))
    expect(answer.headers.get('content-type')).toContain('application/json')
    expect((await send(paths.users, bearer(token, { Accept: 'text/html' }))).status).toBe(406)
  })
})

describe('what a key may', () => {
  test('is what was chosen and its owner has, and no more', async () => {
    const person = await personWith(org, ['user:read:all', 'session:read:own'])
    const key = await withKey(person, ['user:read:own', 'role:read:all', 'session:read:own'])
    const me = (await as(key).get(api(paths.auth.me))).json<Me>()
    // `all` covers `own`; what the owner lacks counts for nothing
    expect(me.permissions).toEqual(['session:read:own', 'user:read:own'])
    expect((await as(key).get(api(paths.user(person.id)))).status).toBe(200)
    expect((await as(key).get(api(paths.user(owner.id)))).status).toBe(404)
    expect((await as(person).get(api(paths.user(owner.id)))).status).toBe(200)
    expect((await as(key).get(api(paths.roles))).status).toBe(403)
  })

  test('is nothing of what was chosen wider than its owner has', async () => {
    const person = await personWith(org, ['user:read:own'])
    const key = await withKey(person, ['user:read:all', 'user:read:group'])
    expect((await as(key).get(api(paths.auth.me))).json<Me>().permissions).toEqual([])
    expect((await as(key).get(api(paths.users))).status).toBe(403)
  })

  test('reaches the groups of its owner, of which it leads none', async () => {
    const group = await makeGroup(org)
    const person = await personWith(org, ['group:read:group', 'user:read:group'], {
      groups: [{ id: group, role: 'lead' }],
    })
    await addMember(org, colleague.id, group)
    const key = await withKey(person, ['group:read:group', 'user:read:group'])
    expect((await as(key).get(api(paths.group(group)))).status).toBe(200)
    expect((await as(key).get(api(paths.user(colleague.id)))).status).toBe(200)
    const member = api(paths.groupMember(paths.groups, group, colleague.id))
    expect((await as(key).put(member, { role: 'viewer' })).status).toBe(403)
    expect((await as(key).delete(member)).status).toBe(403)
    expect((await as(person).put(member, { role: 'viewer' })).status).toBe(200)
  })

  test.each(['api_key:create:own', 'api_key:update:own', 'organization:enter:all'])(
    'is never %s, however it came into the list',
    async (code) => {
      const key = await withKey(owner, [code, 'user:read:own'])
      expect((await as(key).get(api(paths.auth.me))).json<Me>().permissions).toEqual(['user:read:own'])
    },
  )

  test('is what the key is told when it asks about itself', async () => {
    const key = await withKey(owner, ['user:read:own', 'permission:read:all'])
    const held = await as(key).get(api(paths.userPermissions(owner.id)))
    const codes = held.json<{ data: { code: string; sources: { role: { name: string } }[] }[] }>().data
    expect(codes.map(({ code }) => code)).toEqual(['permission:read:all', 'user:read:own'])
    expect(codes[0]?.sources.length).toBeGreaterThan(0)
    const ask = {
      questions: [
        { permission: 'user:read' },
        { permission: 'user:update' },
        { permission: 'user:read', record: colleague.id },
      ],
    }
    type Answers = { answers: { allowed: boolean }[] }
    const allowed = async (who: typeof owner) =>
      (await as(who).post(api(paths.access.check), ask)).json<Answers>().answers.map((one) => one.allowed)
    expect(await allowed(key)).toEqual([true, false, false])
    expect(await allowed(owner)).toEqual([true, true, true])
    type Explained = {
      allowed: boolean
      because: { permission: string }[]
      missing?: object
      asleep?: string[]
    }
    const why = async (permission: string) =>
      (await as(key).get(api(paths.access.why({ permission })))).json<Explained>()
    expect(await why('user:update')).toMatchObject({ allowed: false, because: [], missing: { roles: [] } })
    expect((await why('user:update')).asleep?.join()).toMatch(/has user:update:all, but this API key doesn’t/)
    const yes = await why('user:read')
    expect(yes.allowed).toBe(true)
    expect(new Set(yes.because.map(({ permission }) => permission))).toEqual(new Set(['user:read:own']))
  })

  test('covered by a wider permission of the owner is explained by the role that gives that', async () => {
    const person = await personWith(org, ['user:read:all'])
    const key = await withKey(person, ['user:read:own'])
    const found = (await as(key).get(api(paths.access.why({ permission: 'user:read' })))).json<{
      allowed: boolean
      because: { permission: string }[]
    }>()
    expect(found.allowed).toBe(true)
    expect(found.because.map(({ permission }) => permission)).toEqual(['user:read:own'])
  })

  test('may give nothing that the key lacks, though its owner has it asleep', async () => {
    const strong = await makeRole(org, { permissions: ['role:delete:all'] })
    const target = await makeUser(org)
    const person = await personWith(org, ['user:update:all', 'user:read:all', 'role:delete:all'])
    const key = await withKey(person, ['user:update:all', 'user:read:all'])
    expect((await as(key).post(api(paths.userRole(target.id, strong)))).status).toBe(403)
    const turn = (status: string) =>
      past
        .updateTable('permissions')
        .set({ status })
        .where('org_id', '=', org.id)
        .where('code', '=', 'role:delete:all')
        .execute()
    await turn('disabled')
    try {
      expect((await as(key).post(api(paths.userRole(target.id, strong)))).status).toBe(403)
      expect((await as(person).post(api(paths.userRole(target.id, strong)))).status).toBe(200)
    } finally {
      await turn('active')
    }
  })

  test('is asked anew where its owner had an answer by the same Idempotency-Key', async () => {
    const once = { 'Idempotency-Key': unique('once') }
    const made = { name: unique('Harbour'), kind: 'department' }
    expect((await as(owner).post(api(paths.groups), made, once)).status).toBe(201)
    const again = await as(owner).post(api(paths.groups), made, once)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    const key = await withKey(owner, ['group:create:all'])
    expect((await as(key).post(api(paths.groups), made, once)).status).toBe(409)
    const own = { name: unique('Harbour'), kind: 'department' }
    expect((await as(key).post(api(paths.groups), own, once)).status).toBe(201)
    expect((await as(key).post(api(paths.groups), own, once)).headers.get('idempotency-replayed')).toBe(
      'true',
    )
  })

  test('does not let it take over its owner’s account', async () => {
    const person = await personWith(org, ['user:update:all', 'user:read:all', 'role:read:all'])
    const key = await withKey(person, ['user:update:all', 'user:read:all'])
    const rename = { email: 'taken-over@example.com' }
    expect((await as(key).patch(api(paths.user(person.id)), rename)).status).toBe(403)
    const equal = await withKey(person, ['user:update:all', 'user:read:all', 'role:read:all'])
    expect((await as(equal).patch(api(paths.user(person.id)), rename)).status).toBe(200)
  })
})
