import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { isApiKey, newApiKey, prefixOf } from '#src/access/api-key.ts'
import { Cookies } from '#src/http/cookies.ts'
import { LastSeen } from '#src/http/last-seen.ts'
import { paths } from '#src/paths.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { bites, cached, reads, readsSelf } from '#tests/access/processes.ts'
import { trail } from '#tests/access/trail.ts'
import { as, browserOf, send } from '#tests/client.ts'
import { addMember, assign, makeGroup, makeRole, makeUser, roleOf, unique } from '#tests/factories.ts'
import { makePeople, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const { owner: past, config, db, rights } = here
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

describe('a key ends', () => {
  const works = async (key: { token: string }) => (await send(api(paths.auth.me), bearer(key.token))).status

  test.each<[string, (key: Awaited<ReturnType<typeof withKey>>) => Promise<unknown>]>([
    [
      'is revoked',
      ({ key }) =>
        past.updateTable('api_keys').set({ revoked_at: sql`now()` }).where('id', '=', key).execute(),
    ],
    [
      'has its end',
      ({ key }) =>
        past.updateTable('api_keys').set({ expires_at: sql`now()` }).where('id', '=', key).execute(),
    ],
    [
      'has a disabled owner',
      ({ id }) => past.updateTable('users').set({ status: 'disabled' }).where('id', '=', id).execute(),
    ],
    [
      'has a deleted owner',
      ({ id }) => past.updateTable('users').set({ deleted_at: sql`now()` }).where('id', '=', id).execute(),
    ],
    [
      'has an owner with a disabled account',
      ({ accountId }) =>
        past.updateTable('accounts').set({ status: 'disabled' }).where('id', '=', accountId).execute(),
    ],
  ])('when it %s, on every process within a second', async (_, happens) => {
    await using other = await here.anotherProcess()
    const person = await personWith(org, ['user:read:own'])
    const key = await withKey(person, ['user:read:own'])
    for (const process of [here, other]) {
      expect(await readsSelf(key)(process)).toBe(200)
      await cached(process, key)
    }
    await happens(key)
    for (const process of [here, other]) await bites(process, readsSelf(key), 401)
  })

  test('in what it may, when its owner is demoted while it is in use', async () => {
    await using other = await here.anotherProcess()
    const person = await makeUser(org, { roles: [roleOf(org, 'admin')] })
    const key = await withKey(person, ['user:read:all'])
    await cached(here, key)
    await cached(other, key)
    for (const process of [here, other]) expect(await reads(key, owner.id)(process)).toBe(200)
    await past.deleteFrom('user_roles').where('user_id', '=', person.id).execute()
    for (const process of [here, other]) await bites(process, reads(key, owner.id), 403)
    await assign(org, person.id, roleOf(org, 'admin'))
    await expect.poll(() => reads(key, owner.id)(other), { timeout: 1000 }).toBe(200)
  })

  test('by itself, at its own time and at that of its owner’s role', async () => {
    const short = await withKey(owner, ['user:read:own'], { ends: '700 milliseconds' })
    const role = await makeRole(org, { permissions: ['role:read:all'] })
    const person = await makeUser(org)
    await assign(org, person.id, { id: role, expires: '700 milliseconds' })
    const lent = await withKey(person, ['role:read:all'])
    expect(await works(short)).toBe(200)
    expect((await as(lent).get(api(paths.roles))).status).toBe(200)
    await cached(here, lent)
    await expect.poll(() => works(short), { timeout: 2000 }).toBe(401)
    await expect.poll(async () => (await as(lent).get(api(paths.roles))).status, { timeout: 2000 }).toBe(403)
    expect(await works(lent)).toBe(200)
  })

  test('for good with the person: restored, they make new ones', async () => {
    const person = await personWith(org, ['user:read:own'])
    const key = await withKey(person, ['user:read:own'])
    for (const deleted_at of [sql<string>`now()`, null])
      await past.updateTable('users').set({ deleted_at }).where('id', '=', person.id).execute()
    expect(await works(key)).toBe(401)
    expect(await works(await withKey(person, ['user:read:own']))).toBe(200)
  })

  test('with its organization', async () => {
    const other = await makePeople()
    const key = await withKey(other.owner, ['user:read:own'])
    expect(await works(key)).toBe(200)
    const suspend = (status: string) =>
      past.updateTable('organizations').set({ status }).where('id', '=', other.org.id).execute()
    await suspend('suspended')
    await expect.poll(() => works(key), { timeout: 1000 }).toBe(401)
    await suspend('active')
    await expect.poll(() => works(key), { timeout: 1000 }).toBe(200)
  })
})

describe('allowed addresses', () => {
  const from = async (
    process: { app: typeof here.app },
    token: string,
    socket: string,
    forwarded?: string,
  ) => {
    const headers: Record<string, string> = {
      Authorization: `Bearer ${token}`,
      ...(forwarded ? { 'X-Forwarded-For': forwarded } : {}),
    }
    const connection = { incoming: { socket: { remoteAddress: socket } } }
    return (await process.app.request(api(paths.auth.me), { headers }, connection)).status
  }

  test.each([
    [['192.0.2.0/24'], '192.0.2.200', 200],
    [['192.0.2.0/24'], '192.0.3.1', 401],
    [['192.0.2.0/24'], '::ffff:192.0.2.9', 200],
    [['192.0.2.0/24'], '::ffff:192.0.3.9', 401],
    [['2001:db8::/32'], '2001:db8:1::5', 200],
    [['2001:db8::/32'], '2001:db9::5', 401],
    [['2001:db8::/32'], '192.0.2.1', 401],
    [['10.0.0.0/8', '2001:db8::1/128'], '2001:db8::1', 200],
    [['10.0.0.0/8', '2001:db8::1/128'], '2001:db8::2', 401],
  ])('%j from %s: %d', async (addresses, socket, status) => {
    const { token } = await withKey(owner, ['user:read:own'], { addresses })
    expect(await from(here, token, socket)).toBe(status)
    // the same with rights that are cached
    expect(await from(here, token, socket)).toBe(status)
  })

  test('are those of the client, whom only a trusted proxy names', async () => {
    await using behind = await here.anotherProcess({ TRUSTED_PROXIES: '10.0.0.0/8' })
    const { token } = await withKey(owner, ['user:read:own'], { addresses: ['192.0.2.7/32'] })
    expect(await from(here, token, '10.0.0.1', '192.0.2.7')).toBe(401)
    expect(await from(behind, token, '10.0.0.1', '192.0.2.7')).toBe(200)
    expect(await from(behind, token, '10.0.0.1', '192.0.2.7, 10.9.9.9')).toBe(200)
    expect(await from(behind, token, '10.0.0.1', '192.0.2.7, 203.0.113.1')).toBe(401)
    expect(await from(behind, token, '203.0.113.1', '192.0.2.7')).toBe(401)
    expect(await from(behind, token, '192.0.2.7', '203.0.113.1')).toBe(200)
  })

  test('leave a line in the trail where somebody else tries, and say no more than to anybody', async () => {
    const { token, key } = await withKey(owner, ['user:read:own'], { addresses: ['198.51.100.1/32'] })
    const answer = await send(api(paths.auth.me), bearer(token))
    const unknown = await send(api(paths.auth.me), bearer(newApiKey()))
    const told = ({ text }: typeof answer) => ({ ...JSON.parse(text), request_id: '' })
    expect([answer.status, told(answer)]).toEqual([401, told(unknown)])
    const lines = await trail(org, { request: answer.headers.get('x-request-id') as string })
    expect(lines).toMatchObject([
      {
        action: 'access:denied',
        actor_user_id: owner.id,
        api_key_id: key,
        ip: '192.0.2.7',
        data: { wanted: 'api_key:address' },
      },
    ])
  })
})

describe('the trail', () => {
  test('names the key beside the person, on every line', async () => {
    const key = await withKey(owner, ['user:create:all', 'user:read:all', 'role:read:all', 'user:update:all'])
    const name = `by-key-${key.key.slice(-6)}`
    const made = await as(key).patch(api(paths.user(colleague.id)), { first_name: name })
    expect(made.status).toBe(200)
    const lines = await trail(org, { request: made.headers.get('x-request-id') as string })
    expect(lines.map(({ action }) => action)).toEqual(['user:update'])
    for (const line of lines)
      expect(line).toMatchObject({ actor_user_id: owner.id, via: 'api', api_key_id: key.key })
    const denied = await as(key).get(api(paths.events))
    const [refusal] = await trail(org, { request: denied.headers.get('x-request-id') as string })
    expect(refusal).toMatchObject({ action: 'access:denied', api_key_id: key.key })
    const seen = await as(owner).get(
      api(`${paths.events}?request_id=${lines[0]?.request_id}&actor_user_id=${owner.id}`),
    )
    const [event] = seen.json<{ data: { id: string; api_key: { name: string } }[] }>().data
    expect(event?.api_key).toMatchObject({ id: key.key })
    expect((await browserOf(owner).get(paths.event(event?.id as string))).text).toContain(
      `by the API key ${event?.api_key.name} changed`,
    )
    const request = denied.headers.get('x-request-id') as string
    expect((await as(key).get(api(paths.access.why({ request })))).status).toBe(200)
    expect(
      (await as(await withKey(owner, ['user:read:own'])).get(api(paths.access.why({ request })))).status,
    ).toBe(404)
    const plain = await as(owner).patch(api(paths.user(colleague.id)), { first_name: 'x' })
    const [line] = await trail(org, { request: plain.headers.get('x-request-id') as string })
    expect(line).toMatchObject({ actor_user_id: owner.id, api_key_id: null })
  })
})

describe('last used', () => {
  const used = (id: string) =>
    past
      .selectFrom('api_keys')
      .where('id', '=', id)
      .select([
        'last_used_at',
        sql<string>`host(last_used_ip)`.as('ip'),
        'version',
        sql<string>`xmin`.as('row'),
      ])
      .executeTakeFirstOrThrow()

  test('is written at most once a minute, outside of requests, and raises no version', async () => {
    const seen = new LastSeen(db)
    const key = await withKey(owner, ['user:read:own'])
    const identity = await rights.identify(key.token)
    if (!identity) throw new Error('nobody')
    seen.mark(identity, '192.0.2.7')
    expect((await used(key.key)).last_used_at).toBeNull()
    await seen.flush()
    const first = await used(key.key)
    expect(first).toMatchObject({ ip: '192.0.2.7', version: 1 })
    seen.mark(identity, '192.0.2.8')
    await seen.flush()
    expect(await used(key.key)).toEqual(first)
    await past
      .updateTable('api_keys')
      .set({ last_used_at: sql`now() - interval '61 seconds'` })
      .where('id', '=', key.key)
      .execute()
    seen.mark(identity, '192.0.2.8')
    seen.mark(identity, '192.0.2.9')
    await seen.flush()
    expect(await used(key.key)).toMatchObject({ ip: '192.0.2.9', version: 1 })
    expect(await trail(org, { target: key.key })).toHaveLength(1)
    await seen.stop()
  })

  test('is not written by a request', async () => {
    const key = await withKey(owner, ['user:read:own'])
    const before = await used(key.key)
    expect((await as(key).get(api(paths.usersMe))).status).toBe(200)
    expect(await used(key.key)).toEqual(before)
  })
})
