import { beforeAll, describe, expect, test } from 'vitest'
import { paths, pathsOf } from '#src/paths.ts'
import { denied, hidden } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import {
  assign,
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  type Organization,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

type Held = {
  code: string
  model: string
  action: string
  scope: string
  description: string
  sources: {
    role: { id: string; name: string | null }
    inherited_through: (string | null)[]
    expires_at: string | null
  }[]
}

const ask = (by: Person, of: Person, query = '') => as(by).get(`${api(paths.userPermissions(of.id))}${query}`)
const held = async (by: Person, of: Person, query = '') => {
  const answer = await ask(by, of, query)
  expect(answer.status, answer.text).toBe(200)
  return answer.json<{ data: Held[] }>().data
}

let org: Organization
let boss: Person
let person: Person
let group: string
let [base, clerk]: string[] = []
const names = { base: unique('base'), clerk: unique('clerk') }
beforeAll(async () => {
  org = await makeOrganization()
  group = await makeGroup(org)
  boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  base = await makeRole(org, { name: names.base, permissions: ['user:read:group', 'session:read:own'] })
  clerk = await makeRole(org, { name: names.clerk, permissions: ['user:read:own'], parents: [base] })
  person = await makeUser(org, { roles: [clerk], groups: [group], first_name: 'Kim', last_name: 'Clerk' })
})

describe('what somebody may', () => {
  test('comes with every role that gives it', async () => {
    expect(await held(boss, person)).toEqual([
      {
        code: 'session:read:own',
        model: 'session',
        action: 'read',
        scope: 'own',
        description: expect.stringContaining('session'),
        sources: [
          { role: { id: clerk, name: names.clerk }, inherited_through: [names.base], expires_at: null },
        ],
      },
      expect.objectContaining({ code: 'user:read:group' }),
      expect.objectContaining({
        code: 'user:read:own',
        sources: [{ role: { id: clerk, name: names.clerk }, inherited_through: [], expires_at: null }],
      }),
    ])
  })

  test('names the end of an assignment, and leaves out what sleeps', async () => {
    const of = await makeUser(org)
    await assign(org, of.id, { id: base as string, expires: '1 hour' }, clerk as string)
    await assign(org, of.id, { id: roleOf(org, 'admin'), expires: '-1 second' })
    await assign(org, of.id, await makeRole(org, { permissions: ['event:read:all'], status: 'disabled' }))
    const found = await held(boss, of)
    expect(found.map(({ code }) => code)).toEqual(['session:read:own', 'user:read:group', 'user:read:own'])
    expect(found[0]?.sources).toEqual([
      {
        role: { id: base, name: names.base },
        inherited_through: [],
        expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      },
      { role: { id: clerk, name: names.clerk }, inherited_through: [names.base], expires_at: null },
    ])
  })

  test('is what requests go by', async () => {
    for (const of of [
      boss,
      person,
      await makeUser(org, { roles: [roleOf(org, 'user'), roleOf(org, 'member')] }),
    ]) {
      const { permissions } = (await as(of).get(api(paths.auth.me))).json<{ permissions: string[] }>()
      const found = await held(boss, of)
      expect(found.map(({ code }) => code)).toEqual(permissions.sort())
      expect(found.every(({ sources }) => sources.length > 0)).toBe(true)
    }
  })

  test('is filtered by model', async () => {
    expect((await held(boss, person, '?model=session')).map(({ code }) => code)).toEqual(['session:read:own'])
    expect(await held(boss, person, '?model=nothing')).toEqual([])
    expect((await ask(boss, person, '?colour=red')).status).toBe(400)
  })

  test('is nothing for who is disabled', async () => {
    const of = await makeUser(org, { roles: [clerk as string], status: 'disabled' })
    expect(await held(boss, of)).toEqual([])
    expect((await browserOf(boss).get(paths.userPermissions(of.id))).text).toContain('is disabled')
  })
})

describe('who may look', () => {
  test('everybody who reads themselves, and who reads people and permissions', async () => {
    expect((await held(person, person)).length).toBe(3)
    const auditor = await personWith(org, ['user:read:group', 'permission:read:all'], { groups: [group] })
    expect((await held(auditor, person)).length).toBe(3)
    await hidden(auditor, () => ask(auditor, boss))
    await denied(person, 'permission:read', () => ask(person, auditor))
    await hidden(person, () => ask(person, boss))
    const plain = await makeUser(org)
    await denied(plain, 'user:read', () => ask(plain, plain))
    const foreigner = await makeUser(await makeOrganization())
    await hidden(boss, () => ask(boss, foreigner), foreigner.org)
  })

  test('sees names of roles as far as they may read them', async () => {
    const [first] = await held(person, person)
    expect(first?.sources).toMatchObject([{ role: { name: names.clerk }, inherited_through: [null] }])
    const auditor = await personWith(org, ['user:read:all', 'permission:read:all'])
    const answer = await ask(auditor, person)
    expect(answer.text).not.toContain(names.clerk)
    expect(answer.text).not.toContain(names.base)
  })
})

describe('two people', () => {
  type Both = { users: { id: string; name: string }[]; data: { code: string; held: boolean[] }[] }
  test('stand side by side', async () => {
    const other = await personWith(org, ['user:read:own', 'event:read:own'])
    const both = (await ask(boss, person, `?compare=${other.id}`)).json<Both>()
    expect(both.users.map(({ id }) => id)).toEqual([person.id, other.id])
    expect(both.data.map(({ code, held }) => [code, ...held])).toEqual([
      ['event:read:own', false, true],
      ['session:read:own', true, false],
      ['user:read:group', true, false],
      ['user:read:own', true, true],
    ])
    expect((await ask(boss, person, `?compare=${other.username}`)).json<Both>()).toEqual(both)
    const page = await browserOf(boss).get(`${paths.userPermissions(person.id)}?compare=${other.username}`)
    expect(page.text).toContain('Only Kim Clerk (2)')
  })

  test('only where both may be looked at', async () => {
    const auditor = await personWith(org, ['user:read:group', 'permission:read:all'], { groups: [group] })
    await hidden(auditor, () => ask(auditor, person, `?compare=${boss.id}`))
    await hidden(boss, () => ask(boss, person, '?compare=nobody-of-this-name'))
    const page = await browserOf(boss).get(`${paths.userPermissions(person.id)}?compare=nobody-of-this-name`)
    expect([page.status, page.text.includes('Couldn’t compare')]).toEqual([404, true])
  })
})

describe('a refused request', () => {
  type Why = { allowed: boolean; held: string[]; permission?: string; ask?: string; missing?: object }
  const refuse = async (by: Person, path: string) => {
    const page = await browserOf(by).get(path)
    expect(page.status).toBe(403)
    return { page, request: page.headers.get('x-request-id') as string }
  }
  const why = async (by: Person, request: string) => as(by).get(api(paths.access.why({ request })))

  test('leads to its reason, which names no permission to whoever may not read them', async () => {
    const { page, request } = await refuse(person, pathsOf(paths.users).edit((await makeUser(org)).id))
    expect(page.text).toContain(paths.access.why({ request }))
    expect(page.text).not.toContain('user:update')
    const answer = await why(person, request)
    expect(answer.json<Why>()).toEqual({
      allowed: false,
      because: [],
      held: [],
      ask: expect.stringContaining(request),
    })
    const explained = await browserOf(person).get(paths.access.why({ request }))
    expect(explained.status).toBe(200)
    expect(explained.text).toContain('You don’t have the permission for this.')
    for (const text of [answer.text, explained.text]) expect(text).not.toMatch(/user:|update/)
  })

  test('says which records it is held for', async () => {
    const self = await personWith(org, ['user:read:all', 'user:update:own'])
    const answer = await as(self).patch(api(paths.user(boss.id)), { first_name: 'X' })
    expect(answer.status).toBe(403)
    const request = answer.headers.get('x-request-id') as string
    expect((await why(self, request)).json<Why>()).toMatchObject({ allowed: false, held: ['own'] })
    const page = await browserOf(self).get(paths.access.why({ request }))
    expect(page.text).toContain('You can only do this with your own records')
  })

  test('names everything to who may read permissions', async () => {
    const auditor = await personWith(org, ['permission:read:all', 'role:read:all', 'user:read:all'])
    const { request } = await refuse(auditor, pathsOf(paths.users).edit(person.id))
    expect((await why(auditor, request)).json<Why>()).toMatchObject({
      allowed: false,
      permission: 'user:update',
      missing: { permissions: ['user:update:all'], roles: ['admin', 'owner'] },
    })
    expect((await browserOf(auditor).get(paths.access.why({ request }))).text).toContain('user:update:all')
  })

  test('that takes a scope is explained by that scope', async () => {
    const near = await personWith(org, [
      'permission:read:all',
      'role:read:all',
      'user:read:all',
      'user:update:own',
    ])
    const answer = await as(near).patch(api(paths.user(near.id)), { username: unique('renamed') })
    expect(answer.status).toBe(403)
    const found = await why(near, answer.headers.get('x-request-id') as string)
    expect(found.json<Why>()).toMatchObject({
      allowed: false,
      permission: 'user:update:all',
      missing: { permissions: ['user:update:all'] },
    })
  })

  test('of somebody else, of long ago or that was none, is a 404', async () => {
    const { request } = await refuse(person, pathsOf(paths.users).new)
    expect((await why(boss, request)).status).toBe(404)
    expect((await why(person, '00000000-0000-4000-8000-000000000000')).status).toBe(404)
    const fine = await as(person).get(api(paths.users))
    expect((await why(person, fine.headers.get('x-request-id') as string)).status).toBe(404)
    expect((await why(person, request)).status).toBe(200)
    await owner
      .updateTable('events')
      .set({ created_at: new Date(Date.now() - 8 * 86_400_000).toISOString() })
      .where('request_id', '=', request)
      .execute()
    expect((await why(person, request)).status).toBe(404)
  })

  test('by a forged form says that no permission is missing', async () => {
    const forged = await browserOf(person).post(paths.users, { csrf_token: 'x' })
    expect(forged.status).toBe(403)
    const request = forged.headers.get('x-request-id') as string
    const page = await browserOf(person).get(paths.access.why({ request }))
    expect(page.text).toContain('because of a missing permission')
  })
})
