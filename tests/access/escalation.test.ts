import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RoleRecord } from '#src/domains/roles/roles/model.ts'
import { paths } from '#src/paths.ts'
import { doorsOf, HAS } from '#tests/access/doors.ts'
import { entered, makeSuperadmin } from '#tests/access/entering.ts'
import { denied, state } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
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

const LACKS = 'event:read:all'
/** May change people, roles and permissions, and give nothing but what they have. */
const CHANGING = [
  'user:read:all',
  'user:update:all',
  ...['create', 'read', 'update', 'delete'].map((action) => `role:${action}:all`),
  ...['read', 'update', 'delete'].map((action) => `permission:${action}:all`),
]

const org = await makeOrganization()
const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
const by = await personWith(org, [...CHANGING, HAS])

const set = (place: Organization, table: 'roles' | 'permissions', id: string, change: object) =>
  owner.updateTable(table).set(change).where('org_id', '=', place.id).where('id', '=', id).execute()
const gone = () => ({ deleted_at: new Date().toISOString() })

describe.each(Object.entries(doorsOf(org)))('%s', (_, door) => {
  beforeEach(async () => {
    for (const code of [HAS, LACKS])
      await set(org, 'permissions', permissionOf(org, code), { status: 'active' })
  })

  test('goes with what one has', async () => {
    const answer = await (await door(by, HAS))()
    expect(answer.status, answer.text).toBeOneOf([200, 201, 204, 303])
  })

  test('and not with more', async () => {
    await denied(by, 'role:assign', await door(by, LACKS))
  })

  test('and with everything by whoever has everything', async () => {
    expect((await (await door(boss, LACKS))()).status).toBeOneOf([200, 201, 204, 303])
  })
})

describe('scopes', () => {
  test('all covers the others, and no other covers another', async () => {
    const scoped = await personWith(org, [
      ...CHANGING.filter((code) => !code.startsWith('user:')),
      'user:read:group',
    ])
    const gives = (permissions: string[]) => () =>
      as(scoped).post(api(paths.roles), { name: unique('scoped'), permissions })
    expect((await gives(['user:read:group', 'role:read:all'])()).status).toBe(201)
    for (const code of ['user:read:own', 'user:read:all', 'user:update:group'])
      await denied(scoped, 'role:assign', gives([code]))
    const all = await personWith(org, [...CHANGING])
    const answer = await as(all).post(api(paths.roles), {
      name: unique('scoped'),
      permissions: ['user:read:own', 'user:read:group'],
    })
    expect(answer.status).toBe(201)
  })
})

describe('nobody changes their own roles', () => {
  test.each([
    ['giving', (person: Person, role: string) => as(person).post(api(paths.userRole(person.id, role)))],
    [
      'giving by a form',
      (person: Person, role: string) => browserOf(person).post(paths.userRoles(person.id), { role_id: role }),
    ],
    ['taking', (person: Person, role: string) => as(person).delete(api(paths.userRole(person.id, role)))],
  ])('%s', async (_, attempt) => {
    for (const person of [boss, by]) {
      const role = await makeRole(org, { permissions: [HAS] })
      await assign(org, person.id, role)
      const before = await state(org)
      const answer = await attempt(person, role)
      expect([answer.status, answer.text.includes('You can’t change your own roles.')]).toEqual([409, true])
      expect(await state(org)).toEqual(before)
    }
  })
})

describe('role:assign:all covers the templates below the strongest', () => {
  let assigner: Person
  beforeAll(async () => {
    assigner = await personWith(org, [...CHANGING, 'role:assign:all'])
  })
  const post = (path: string, body?: object) => () => as(assigner).post(api(path), body)

  test('given, inherited from, copied and changed back to what they were', async () => {
    const operator = roleOf(org, 'operator')
    const user = await makeUser(org)
    expect((await post(paths.userRole(user.id, operator))()).status).toBe(200)
    const heir = await post(paths.roles, { name: unique('heir'), parent_ids: [operator] })()
    expect(heir.status, heir.text).toBe(201)
    const copy = await post(paths.roleFromTemplate, { template: 'user' })()
    expect(copy.status, copy.text).toBe(201)
    for (const made of [heir, copy]) {
      const { id } = made.json<RoleRecord>()
      expect((await post(paths.userRole(user.id, id))()).status).toBe(200)
      expect((await as(assigner).patch(api(paths.role(id)), { description: 'Ours' })).status).toBe(200)
    }
    const path = paths.rolePermission(operator, permissionOf(org, 'user:update:own'))
    expect((await as(assigner).delete(api(path))).status).toBe(200)
    expect((await post(path)()).status).toBe(200)
  })

  test('but nothing that was added to them, and not the strongest', async () => {
    const [operator, user] = [roleOf(org, 'operator'), await makeUser(org)]
    const strong = permissionOf(org, LACKS)
    const add = paths.rolePermission(operator, strong)
    await denied(assigner, 'role:assign', post(add))
    expect((await as(boss).post(api(add))).status).toBe(200)
    try {
      await denied(assigner, 'role:assign', post(paths.userRole(user.id, operator)))
      await denied(
        assigner,
        'role:assign',
        post(paths.roles, { name: unique('heir'), parent_ids: [operator] }),
      )
    } finally {
      expect((await as(boss).delete(api(add))).status).toBe(200)
    }
    for (const template of ['admin', 'owner']) {
      await denied(assigner, 'role:assign', post(paths.userRole(user.id, roleOf(org, template))))
      await denied(assigner, 'role:assign', post(paths.roleFromTemplate, { template }))
    }
    await denied(
      assigner,
      'role:assign',
      post(paths.roles, { name: unique('plain'), permissions: ['session:read:own'] }),
    )
  })

  test('and without it a template is covered like any role', async () => {
    const from = (template: string) => () => as(by).post(api(paths.roleFromTemplate), { template })
    expect((await from('guest')()).status).toBe(201)
    await denied(by, 'role:assign', from('user'))
  })
})

describe('a permission that is disabled', () => {
  const CODE = 'session:delete:all'
  let place: Organization
  let id: string
  let [holder, other]: Person[] = []
  beforeAll(async () => {
    place = await makeOrganization()
    id = permissionOf(place, CODE)
    holder = await personWith(place, [...CHANGING, CODE])
    other = await personWith(place, CHANGING)
    await set(place, 'permissions', id, { status: 'disabled' })
  })

  test('can still be given by those who would hold it, and by nobody else', async () => {
    const role = await makeRole(place, { permissions: [CODE] })
    const user = await makeUser(place)
    const give = (person: Person) => () => as(person).post(api(paths.userRole(user.id, role)))
    await denied(other as Person, 'role:assign', give(other as Person))
    expect((await give(holder as Person)()).status).toBe(200)
    const made = { name: unique('new'), permissions: [CODE] }
    expect((await as(holder as Person).post(api(paths.roles), made)).status).toBe(201)
  })

  test.each([
    ['a role that is disabled', async (role: string) => set(place, 'roles', role, { status: 'disabled' })],
    ['a role that is deleted', async (role: string) => set(place, 'roles', role, gone())],
  ])('is not held through %s', async (_, sleep) => {
    const role = await makeRole(place, { permissions: [CODE] })
    const person = await personWith(place, CHANGING, { roles: [role] })
    await sleep(role)
    await denied(person, 'role:assign', () => as(person).patch(api(paths.togglePermission(id))))
  })
  test('is not held by an assignment that has run out', async () => {
    const person = await personWith(place, CHANGING)
    await assign(place, person.id, {
      id: await makeRole(place, { permissions: [CODE] }),
      expires: '-1 second',
    })
    await denied(person, 'role:assign', () => as(person).patch(api(paths.togglePermission(id))))
  })

  test('is enabled by somebody who entered from the platform organization', async () => {
    const superadmin = await makeSuperadmin()
    await entered(superadmin, place)
    const answer = await as(superadmin).patch(api(paths.togglePermission(id)))
    expect([answer.status, answer.json<{ status: string }>().status]).toEqual([200, 'active'])
  })
})
