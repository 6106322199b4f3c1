import { beforeAll, describe, expect, test } from 'vitest'
import { paths, pathsOf } from '#src/paths.ts'
import { denied } from '#tests/access/trail.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import {
  assign,
  makeOrganization,
  makeRole,
  makeUser,
  type Organization,
  permissionOf,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
const now = () => new Date().toISOString()

let org: Organization
let boss: Person
let admin: Person
beforeAll(async () => {
  org = await makeOrganization()
  boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  admin = await makeUser(org, { roles: [roleOf(org, 'admin')] })
})

describe('a role gives', () => {
  const reads = async (by: Person) => (await as(by).get(api(paths.usersMe))).status
  const holder = (role: string) => makeUser(org, { roles: [role] })
  const set = (table: 'roles' | 'permissions', id: string, change: object) =>
    owner.updateTable(table).set(change).where('id', '=', id).where('org_id', '=', org.id).execute()
  const reading = (more: Parameters<typeof makeRole>[1] = {}) =>
    makeRole(org, { permissions: ['user:read:own'], ...more })

  test('what it holds and what it inherits, however far up, and by two ways', async () => {
    expect(await reads(await makeUser(org))).toBe(403)
    const root = await reading()
    const [left, right] = [await makeRole(org, { parents: [root] }), await makeRole(org, { parents: [root] })]
    const leaf = await makeRole(org, { parents: [left, right] })
    for (const role of [root, left, leaf]) expect(await reads(await holder(role))).toBe(200)
    expect(await reads(await holder(await makeRole(org)))).toBe(403)
    // and not downwards
    const child = await makeRole(org, { parents: [leaf], permissions: ['session:read:own'] })
    expect((await as(await holder(leaf)).get(api(paths.sessions))).status).toBe(403)
    expect((await as(await holder(child)).get(api(paths.sessions))).status).toBe(200)
  })

  test('nothing while it is disabled or deleted, nor do those beneath it inherit', async () => {
    for (const change of [{ status: 'disabled' }, { deleted_at: now() }]) {
      const root = await reading()
      const middle = await makeRole(org, { parents: [root] })
      const [direct, through] = [await holder(root), await holder(await makeRole(org, { parents: [middle] }))]
      expect([await reads(direct), await reads(through)]).toEqual([200, 200])
      await set('roles', middle, change)
      await expect.poll(() => reads(through), { timeout: 1000 }).toBe(403)
      expect(await reads(direct)).toBe(200)
      await set('roles', root, change)
      await expect.poll(() => reads(direct), { timeout: 1000 }).toBe(403)
    }
  })

  test('no permission that is disabled', async () => {
    const place = await makeOrganization()
    const [one, other] = [
      await personWith(place, ['user:read:own']),
      await personWith(place, ['user:read:all']),
    ]
    expect([await reads(one), await reads(other)]).toEqual([200, 200])
    const id = permissionOf(place, 'user:read:own')
    await owner
      .updateTable('permissions')
      .set({ status: 'disabled' })
      .where('org_id', '=', place.id)
      .where('id', '=', id)
      .execute()
    await expect.poll(() => reads(one), { timeout: 1000 }).toBe(403)
    expect(await reads(other)).toBe(200)
  })

  test('nothing once its assignment is over, and all until then', async () => {
    const role = await reading()
    const [over, open] = [await makeUser(org), await makeUser(org)]
    await assign(org, over.id, { id: role, expires: '-1 second' })
    await assign(org, open.id, { id: role, expires: '1 hour' })
    expect([await reads(over), await reads(open)]).toEqual([403, 200])
  })
})

type Body = Record<string, unknown>
const creation = (by: Person, more: Body): [string, () => Promise<Answer>][] => {
  const username = () => unique('new')
  const body = () => ((name) => ({ username: name, email: `${name}@example.com`, ...more }))(username())
  return [
    ['as JSON', () => as(by).post(api(paths.users), body())],
    ['as a form', () => browserOf(by).post(paths.users, body() as Record<string, string>)],
  ]
}
const gives = async (by: Person, role: string) => {
  for (const [how, attempt] of creation(by, { role_ids: [role] }))
    expect((await attempt()).status, how).toBeOneOf([201, 303])
}
const mayNotGive = async (by: Person, role: string) => {
  for (const [, attempt] of creation(by, { role_ids: [role] })) await denied(by, 'role:assign', attempt)
}

describe('nobody gives what they don’t have', () => {
  const HELD = ['user:create:all', 'user:read:group', 'session:read:own']
  let giver: Person
  beforeAll(async () => {
    giver = await personWith(org, HELD)
  })

  test('what is covered can be given, also by inheritance', async () => {
    await gives(giver, await makeRole(org, { permissions: HELD }))
    const parent = await makeRole(org, { permissions: ['user:create:own', 'user:create:group'] })
    await gives(giver, await makeRole(org, { parents: [parent] }))
    await gives(giver, await makeRole(org))
  })

  test.each(['user:read:all', 'user:read:own', 'user:update:own', 'session:read:all', 'role:update:all'])(
    '%s is not covered: neither in the role, nor in one above, nor while that sleeps',
    async (code) => {
      const strong = await makeRole(org, { permissions: ['session:read:own', code] })
      await mayNotGive(giver, strong)
      await mayNotGive(giver, await makeRole(org, { parents: [await makeRole(org, { parents: [strong] })] }))
      await mayNotGive(giver, await makeRole(org, { permissions: [code], status: 'disabled' }))
    },
  )

  test('a role that is disabled or deleted above still counts, since it can come back', async () => {
    const parent = await makeRole(org, { permissions: ['user:update:all'], status: 'disabled' })
    await mayNotGive(giver, await makeRole(org, { parents: [parent] }))
  })

  test('a deleted role can’t be given at all', async () => {
    const role = await makeRole(org)
    await owner.updateTable('roles').set({ deleted_at: now() }).where('id', '=', role).execute()
    for (const [, attempt] of creation(boss, { role_ids: [role] })) expect((await attempt()).status).toBe(422)
  })

  test('one role too much among several refuses all', async () => {
    const [weak, strong] = [await makeRole(org), await makeRole(org, { permissions: ['user:delete:all'] })]
    for (const [, attempt] of creation(giver, { role_ids: [weak, strong] }))
      await denied(giver, 'role:assign', attempt)
  })

  test('role:assign:all covers the built-in templates, except the strongest', async () => {
    const assigner = await personWith(org, ['user:create:all', 'role:assign:all'])
    for (const template of ['user', 'member', 'viewer', 'guest', 'operator', 'billing_manager'])
      await gives(assigner, roleOf(org, template))
    for (const template of ['owner', 'admin']) await mayNotGive(assigner, roleOf(org, template))
    await mayNotGive(assigner, await makeRole(org, { name: 'user (ours)', permissions: ['user:read:own'] }))
    await gives(admin, roleOf(org, 'admin'))
    await mayNotGive(admin, roleOf(org, 'owner'))
    await gives(boss, roleOf(org, 'owner'))
  })
})

describe('how somebody signs in', () => {
  const changes: Body[] = [{ username: 'sly' }, { email: 'sly@example.com' }]
  const account = (of: Person) =>
    owner
      .selectFrom('accounts')
      .where('id', '=', of.accountId)
      .select(['username', 'email'])
      .executeTakeFirstOrThrow()
  const ways = (by: Person, of: Person, body: Body): (() => Promise<Answer>)[] => [
    () => as(by).patch(api(paths.user(of.id)), body),
    () => browserOf(by).patch(paths.user(of.id), body as Record<string, string>),
  ]
  const named = () => ((name) => ({ username: name, email: `${name}@example.com` }))(unique('renamed'))

  test('changes by whoever may change everybody, in the account too', async () => {
    for (const by of [admin, boss]) {
      const of = await personWith(org, ['user:read:own'])
      for (const attempt of ways(by, of, named())) expect((await attempt()).status).toBeOneOf([200, 303])
      const row = await owner
        .selectFrom('users')
        .where('id', '=', of.id)
        .select(['username', 'email'])
        .executeTakeFirst()
      expect(row?.username).toMatch(/^renamed/)
      expect(await account(of)).toEqual(row)
    }
  })

  test('of a stronger person is out of reach, and so is the rest of the record', async () => {
    const strong = await makeUser(org, { roles: [await makeRole(org, { parents: [roleOf(org, 'owner')] })] })
    for (const body of changes)
      for (const attempt of ways(admin, strong, body)) await denied(admin, 'role:assign', attempt)
    const put = {
      ...changes[0],
      email: strong.email,
      first_name: '',
      last_name: '',
      locale: 'en',
      time_zone: 'UTC',
      status: 'active',
    }
    await denied(admin, 'role:assign', () => as(admin).put(api(paths.user(strong.id)), put))
    for (const attempt of ways(admin, strong, { first_name: 'Rest' }))
      await denied(admin, 'role:assign', attempt)
    for (const attempt of ways(boss, strong, { first_name: 'Rest' }))
      expect((await attempt()).status).toBeOneOf([200, 303])
    for (const attempt of ways(boss, strong, named())) expect((await attempt()).status).toBeOneOf([200, 303])
  })

  test('is not for those who may only change themselves or a group', async () => {
    const self = await personWith(org, ['user:read:own', 'user:update:own'])
    for (const body of [...changes, { status: 'disabled' }])
      for (const attempt of ways(self, self, body)) await denied(self, 'user:update:all', attempt)
    for (const attempt of ways(self, self, { username: self.username, locale: 'de' }))
      expect((await attempt()).status).toBeOneOf([200, 303])
  })

  test('is the person’s alone where the organization doesn’t manage the account, or not alone', async () => {
    const free = await makeUser(org, { managed: false })
    const shared = await makeUser(org)
    const elsewhere = await makeOrganization()
    const values = {
      org_id: elsewhere.id,
      account_id: shared.accountId,
      username: shared.username,
      email: shared.email,
    }
    await owner.insertInto('users').values(values).execute()
    for (const of of [free, shared]) {
      const before = await account(of)
      for (const body of changes)
        for (const attempt of ways(boss, of, body)) await denied(boss, 'account', attempt)
      expect(await account(of)).toEqual(before)
    }
  })
})

describe('rights that come back', () => {
  const gone = async (roles: string[], set: object) => {
    const person = await makeUser(org, { roles })
    await owner.updateTable('users').set(set).where('id', '=', person.id).execute()
    return person
  }
  const enable = (by: Person, of: Person) => as(by).patch(api(paths.user(of.id)), { status: 'active' })
  const restore = (by: Person, of: Person) => as(by).post(api(pathsOf(paths.users).restore(of.id)))

  test.each([
    ['restoring', restore, () => ({ deleted_at: now() })],
    ['enabling', enable, () => ({ status: 'disabled' })],
  ] as const)('by %s somebody are given like any others', async (_, attempt, set) => {
    const strong = await gone([roleOf(org, 'owner')], set())
    await denied(admin, 'role:assign', () => attempt(admin, strong))
    expect((await attempt(boss, strong)).status).toBe(200)
    for (const template of ['operator', 'admin', 'user'])
      expect((await attempt(admin, await gone([roleOf(org, template)], set()))).status).toBe(200)
  })
})
