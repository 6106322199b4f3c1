import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { endpoints } from '#src/app.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { withKey } from '#tests/access/keys/keys.ts'
import { type Answer, as, browserOf, send, versionOf } from '#tests/client.ts'
import { addMember, assign, makeGroup, makeRole, makeUser, unique } from '#tests/factories.ts'
import { makePeople, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { owner, org, group } = await makePeople()
const role = await makeRole(org, { permissions: ['user:read:own'] })
const ada = await makeUser(org, { roles: [role], groups: [group] })
const key = await withKey(ada, ['user:read:own'])
await as(owner).post('/api/invitations', { email: `${unique('to')}@example.com`, role_ids: [role] })

const tag = ({ headers }: Answer) => headers.get('etag')
const again = (by: Person, path: string, seen: Answer) =>
  as(by).get(path, { 'If-None-Match': tag(seen) as string })

/** Who reads all that an endpoint shows, and nothing beside it. */
async function readerOf({ access }: Endpoint): Promise<Person> {
  return personWith(org, 'can' in access ? [`${access.can}:all`] : [])
}

/** The address of an endpoint, at a record of its list where it takes one; null where there is none to look at. */
async function addressOf({ path }: Endpoint): Promise<string | null> {
  const parts = path.split('/')
  const at = parts.findIndex((part) => part.startsWith(':'))
  if (at < 0) return `/api${path}`
  const list = await as(owner).get(`/api${parts.slice(0, at).join('/')}?limit=200`)
  if (list.status !== 200 || parts[at] !== ':id' || parts.slice(at + 1).some((part) => part.startsWith(':')))
    return null
  const { data = [] } = list.json<{ data?: { id: string }[] }>()
  const id = data.find((one) => one.id === ada.id)?.id ?? data[0]?.id
  return id ? `/api${path.replace(':id', id)}` : null
}

describe('whoever reads, gets an answer of their own', () => {
  const reads = endpoints.filter(({ method, only, answer }) => method === 'GET' && only !== 'page' && answer)
  const looked = new Set<string>()
  const apart = new Set<string>()

  test.each(reads.map((endpoint) => [endpoint.path, endpoint] as const))('%s', async (path, endpoint) => {
    const address = await addressOf(endpoint)
    if (!address) return
    const reader = await readerOf(endpoint)
    const [mine, theirs] = [await as(owner).get(address), await as(reader).get(address)]
    if (mine.status !== 200) return
    looked.add(path)
    const unchanged = await again(owner, address, mine)
    expect([unchanged.status, unchanged.text, tag(unchanged)]).toEqual([304, '', tag(mine)])
    for (const name of ['cache-control', 'vary', 'link'])
      expect([name, unchanged.headers.get(name)]).toEqual([name, mine.headers.get(name)])
    if (theirs.status !== 200) return
    const alike = mine.text === theirs.text
    if (!alike) apart.add(path)
    expect(tag(mine) === tag(theirs)).toBe(alike)
    for (const [by, seen, own] of [
      [owner, theirs, mine],
      [reader, mine, theirs],
    ] as const) {
      const answer = await again(by, address, seen)
      expect([answer.status, answer.text]).toEqual(alike ? [304, ''] : [200, own.text])
    }
  })

  test('of every entity', () => {
    const lists = ['users', 'roles', 'groups', 'permissions', 'sessions', 'api-keys', 'invitations', 'events']
    for (const name of lists) {
      expect(looked).toContain(`/${name}`)
      if (name !== 'events') expect(looked).toContain(`/${name}/:id`)
    }
    // where answers name what not everybody sees
    for (const path of ['/users', '/users/:id', '/auth/me']) expect(apart).toContain(path)
  })
})

describe('the tag changes with the answer, and not with the version alone:', () => {
  const user = `/api/users/${ada.id}`
  const changes: [what: string, path: string, change: () => Promise<unknown>][] = [
    [
      'a group that is renamed',
      user,
      () =>
        past
          .updateTable('groups')
          .set({ name: unique('Renamed') })
          .where('id', '=', group)
          .execute(),
    ],
    [
      'a role that is renamed',
      user,
      () =>
        past
          .updateTable('roles')
          .set({ name: unique('Renamed') })
          .where('id', '=', role)
          .execute(),
    ],
    [
      'a sign-in',
      user,
      () =>
        past
          .updateTable('users')
          .set({ last_login_at: sql<string>`now() + interval '1 minute'` })
          .where('id', '=', ada.id)
          .execute(),
    ],
    [
      'a list with such a record',
      '/api/users?limit=200',
      () =>
        past
          .updateTable('roles')
          .set({ name: unique('Renamed') })
          .where('id', '=', role)
          .execute(),
    ],
    [
      'the use of a key',
      `/api/api-keys/${key.key}`,
      () =>
        past
          .updateTable('api_keys')
          .set({ last_used_at: sql<string>`now()`, last_used_ip: '192.0.2.9' })
          .where('id', '=', key.key)
          .execute(),
    ],
    [
      'the name of a key’s owner',
      `/api/api-keys/${key.key}`,
      () =>
        past
          .updateTable('users')
          .set({ first_name: unique('Ada') })
          .where('id', '=', ada.id)
          .execute(),
    ],
    [
      'a session that is seen',
      '/api/sessions?limit=200',
      () =>
        past
          .updateTable('sessions')
          .set({ last_seen_at: sql<string>`now() + interval '1 minute'` })
          .where('user_id', '=', ada.id)
          .execute(),
    ],
    ['one more in a list', '/api/groups', () => makeGroup(org)],
    ['a member', `/api/groups/${group}/members`, async () => addMember(org, (await makeUser(org)).id, group)],
  ]
  test.each(changes)('%s', async (_, path, change) => {
    const before = await as(owner).get(path)
    expect((await again(owner, path, before)).status).toBe(304)
    await change()
    const after = await again(owner, path, before)
    expect(after.status).toBe(200)
    expect(after.text).not.toBe(before.text)
    expect(tag(after)).not.toBe(tag(before))
    expect((await again(owner, path, after)).status).toBe(304)
  })

  test('what the reader may see by now', async () => {
    const reader = await personWith(org, ['user:read:all'])
    const before = await as(reader).get(user)
    expect(before.text).not.toContain(role)
    await assign(org, reader.id, await makeRole(org, { permissions: ['role:read:all'] }))
    await expect.poll(async () => (await again(reader, user, before)).status).toBe(200)
    const after = await again(reader, user, before)
    expect(after.text).toContain(role)
    expect(versionOf(after)).toBe(versionOf(before))
  })
})

describe('of what is written', () => {
  const name = (first_name: string) => ({ first_name })
  const path = `/api/users/${ada.id}`

  test('the tag serves the next read and the next write', async () => {
    const written = await as(owner).patch(path, name(unique('A')))
    expect((await again(owner, path, written)).status).toBe(304)
    expect(
      (await as(owner).patch(path, name(unique('B')), { 'If-Match': tag(written) as string })).status,
    ).toBe(200)
    expect((await again(owner, path, written)).status).toBe(200)
    expect(
      (await as(owner).patch(path, name(unique('C')), { 'If-Match': tag(written) as string })).status,
    ).toBe(412)
  })

  test('a tag of what somebody else saw is good for a change, and so is one that a name outdated', async () => {
    const reader = await personWith(org, ['user:read:all'])
    const theirs = tag(await as(reader).get(path)) as string
    const mine = tag(await as(owner).get(path)) as string
    expect(theirs).not.toBe(mine)
    await past
      .updateTable('groups')
      .set({ name: unique('Renamed') })
      .where('id', '=', group)
      .execute()
    expect((await as(owner).patch(path, name(unique('D')), { 'If-Match': theirs })).status).toBe(200)
    expect((await as(owner).patch(path, name(unique('E')), { 'If-Match': theirs })).status).toBe(412)
  })

  test('the answer comes whole, whatever If-None-Match says', async () => {
    const answer = await as(owner).patch(path, name('Whole'), { 'If-None-Match': '*' })
    expect([answer.status, answer.json<{ first_name: string }>().first_name]).toEqual([200, 'Whole'])
  })
})

test('a HEAD is answered alike', async () => {
  const headers = { Authorization: `Bearer ${owner.token}`, Accept: 'application/json' }
  for (const path of ['/api/users', `/api/users/${ada.id}`]) {
    const head = await send(path, { method: 'HEAD', headers })
    expect(tag(head)).toBe(tag(await as(owner).get(path)))
    const more = { ...headers, 'If-None-Match': tag(head) as string }
    expect((await send(path, { method: 'HEAD', headers: more })).status).toBe(304)
  }
})

test('pages, files and errors have no tag, and are kept nowhere', async () => {
  const seen = { 'If-None-Match': '*' }
  for (const answer of [
    await browserOf(owner).get('/users', seen),
    await browserOf(owner).get('/users', { ...seen, 'Accept-Encoding': 'gzip' }),
    await browserOf(owner).get(`/users/${ada.id}`, seen),
    await as(owner).get('/api/users?format=csv', seen),
    await as(owner).get('/api/users?nonsense=1', seen),
  ]) {
    expect([tag(answer), answer.headers.get('cache-control')]).toEqual([null, 'private, no-store'])
    expect(answer.status).not.toBe(304)
  }
})
