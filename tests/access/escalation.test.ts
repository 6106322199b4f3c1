import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RoleRecord } from '#src/domains/roles/model.ts'
import { paths } from '#src/paths.ts'
import { entered, makeSuperadmin } from '#tests/access/entering.ts'
import { denied, state } from '#tests/access/trail.ts'
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

/** Held by those who try the doors, and not held. */
const HAS = 'session:read:own'
const LACKS = 'event:read:all'
/** May change people, roles and permissions, and give nothing but what they have. */
const CHANGING = [
  'user:read:all',
  'user:update:all',
  ...['create', 'read', 'update', 'delete'].map((action) => `role:${action}:all`),
  ...['read', 'update', 'delete'].map((action) => `permission:${action}:all`),
]

let org: Organization
let boss: Person
let by: Person
beforeEach(async () => {
  org ??= await makeOrganization()
  boss ??= await makeUser(org, { roles: [roleOf(org, 'owner')] })
  by ??= await personWith(org, [...CHANGING, HAS])
})

const set = (table: 'roles' | 'permissions', id: string, change: object) =>
  owner.updateTable(table).set(change).where('org_id', '=', org.id).where('id', '=', id).execute()
const gone = () => ({ deleted_at: new Date().toISOString() })
const roleWith = (code: string, more: Parameters<typeof makeRole>[1] = {}) =>
  makeRole(org, { permissions: [code], ...more })
const somebody = (...roles: string[]) => makeUser(org, { roles })
const patch = (id: string, body: object) => as(by).patch(api(paths.role(id)), body)
const form = (id: string, fields: Record<string, string>) => browserOf(by).patch(paths.role(id), fields)

/** Arranges something with the permission, and tries to get through. */
type Door = (code: string) => Promise<() => Promise<Answer>>

const giving: Record<string, Door> = {
  'giving a role': async (code) => {
    const [user, role] = [await somebody(), await roleWith(code)]
    return () => as(by).post(api(paths.userRole(user.id, role)))
  },
  'giving a role, by a form': async (code) => {
    const [user, role_id] = [await somebody(), await roleWith(code)]
    return () => browserOf(by).post(paths.userRoles(user.id), { role_id })
  },
  'giving a role that inherits it': async (code) => {
    const [user, parent] = [await somebody(), await roleWith(code)]
    const role = await makeRole(org, { parents: [await makeRole(org, { parents: [parent] })] })
    return () => as(by).post(api(paths.userRole(user.id, role)))
  },
  'giving a role for longer': async (code) => {
    const [user, id] = [await somebody(), await roleWith(code)]
    await assign(org, user.id, { id, expires: '1 hour' })
    return () => as(by).post(api(paths.userRole(user.id, id)), { expires_at: '2099-01-01T00:00:00Z' })
  },
  'giving a role to many': async (code) => {
    const [user, role_id] = [await somebody(), await roleWith(code)]
    return async () =>
      bulk(await as(by).post(api(`${paths.users}/bulk`), { action: 'add_role', ids: [user.id], role_id }))
  },
  'making a role': async (code) => () =>
    as(by).post(api(paths.roles), { name: unique('new'), permissions: [HAS, code] }),
  'making a role, by a form': async (code) => () =>
    browserOf(by).post(paths.roles, { name: unique('new'), permissions: [code] }),
  'making a role that inherits it': async (code) => {
    const parent_ids = [await makeRole(org, { parents: [await roleWith(code)] })]
    return () => as(by).post(api(paths.roles), { name: unique('new'), parent_ids })
  },
  'changing what a role holds': async (code) => {
    const role = await roleWith(HAS)
    return () => patch(role, { permissions: [HAS, code] })
  },
  'changing it by a form': async (code) => {
    const role = await roleWith(HAS)
    return () => form(role, { permissions: code })
  },
  'looking at what a change would do': async (code) => {
    const role = await roleWith(HAS)
    return () => as(by).patch(api(`${paths.role(role)}?dry_run=true`), { permissions: [code] })
  },
  'looking at it by a form': async (code) => {
    const role = await roleWith(HAS)
    return () => browserOf(by).post(paths.editRole(role), { permissions: code })
  },
  'replacing a role': async (code) => {
    const role = await roleWith(HAS)
    return () => as(by).put(api(paths.role(role)), { name: unique('put'), permissions: [code] })
  },
  'adding a permission': async (code) => {
    const role = await roleWith(HAS)
    return () => as(by).post(api(paths.rolePermission(role, permissionOf(org, code))))
  },
  'adding a permission to a role of one’s own': async (code) => {
    const role = await roleWith(HAS)
    await assign(org, by.id, role)
    return () => as(by).post(api(paths.rolePermission(role, permissionOf(org, code))))
  },
  'adding a parent': async (code) => {
    const [role, parent] = [await roleWith(HAS), await roleWith(code)]
    return () => as(by).post(api(paths.roleParent(role, parent)))
  },
  'adding a parent among others': async (code) => {
    const [role, weak, strong] = [await roleWith(HAS), await makeRole(org), await roleWith(code)]
    return () => patch(role, { parent_ids: [weak, strong] })
  },
  'adding a parent that inherits it': async (code) => {
    const [role, parent] = [await roleWith(HAS), await makeRole(org, { parents: [await roleWith(code)] })]
    return () => as(by).post(api(paths.roleParent(role, parent)))
  },
  'adding a parent that sleeps': async (code) => {
    const [role, parent] = [await roleWith(HAS), await roleWith(code, { status: 'disabled' })]
    return () => as(by).post(api(paths.roleParent(role, parent)))
  },
  'adding a parent beneath one that is deleted': async (code) => {
    const [role, strong] = [await roleWith(HAS), await roleWith(code)]
    const parent = await makeRole(org, { parents: [strong] })
    await set('roles', strong, gone())
    return () => as(by).post(api(paths.roleParent(role, parent)))
  },
  'enabling a role': async (code) => {
    const role = await roleWith(code, { status: 'disabled' })
    return () => patch(role, { status: 'active' })
  },
  'switching a role on': async (code) => {
    const role = await roleWith(code, { status: 'disabled' })
    return () => as(by).patch(api(paths.toggleRole(role)))
  },
  'enabling many roles': async (code) => {
    const role = await roleWith(code, { status: 'disabled' })
    return async () =>
      bulk(await as(by).post(api(`${paths.roles}/bulk`), { action: 'activate', ids: [role] }))
  },
  'enabling a role that inherits it': async (code) => {
    const role = await makeRole(org, { parents: [await roleWith(code)], status: 'disabled' })
    return () => as(by).patch(api(paths.toggleRole(role)))
  },
  'restoring a role': async (code) => {
    const role = await roleWith(code)
    await set('roles', role, gone())
    return () => as(by).post(api(`${paths.role(role)}/restore`))
  },
  'restoring many roles': async (code) => {
    const role = await roleWith(code)
    await set('roles', role, gone())
    return async () => bulk(await as(by).post(api(`${paths.roles}/bulk`), { action: 'restore', ids: [role] }))
  },
  'enabling a permission': async (code) => {
    await set('permissions', permissionOf(org, code), { status: 'disabled' })
    return () => as(by).patch(api(paths.permission(permissionOf(org, code))), { status: 'active' })
  },
  'switching a permission on': async (code) => {
    await set('permissions', permissionOf(org, code), { status: 'disabled' })
    return () => browserOf(by).patch(paths.togglePermission(permissionOf(org, code)))
  },
}

const taking: Record<string, Door> = {
  'taking a role': async (code) => {
    const role = await roleWith(code)
    const user = await somebody(role)
    return () => as(by).delete(api(paths.userRole(user.id, role)))
  },
  'taking a role from many': async (code) => {
    const role_id = await roleWith(code)
    const user = await somebody(role_id)
    return async () =>
      bulk(await as(by).post(api(`${paths.users}/bulk`), { action: 'remove_role', ids: [user.id], role_id }))
  },
  'letting a role end': async (code) => {
    const role = await roleWith(code)
    const user = await somebody(role)
    return () => as(by).post(api(paths.userRole(user.id, role)), { expires_at: '2099-01-01T00:00:00Z' })
  },
  'taking a permission': async (code) => {
    const role = await roleWith(code)
    return () => as(by).delete(api(paths.rolePermission(role, permissionOf(org, code))))
  },
  'taking a weak permission from a stronger role': async (code) => {
    const role = await makeRole(org, { permissions: [code, 'user:read:all'] })
    return () => as(by).delete(api(paths.rolePermission(role, permissionOf(org, 'user:read:all'))))
  },
  'taking a parent': async (code) => {
    const parent = await roleWith(code)
    const role = await makeRole(org, { parents: [parent] })
    return () => as(by).delete(api(paths.roleParent(role, parent)))
  },
  'emptying a role': async (code) => {
    const role = await roleWith(code)
    return () => patch(role, { permissions: [] })
  },
  'describing a role anew': async (code) => {
    const role = await roleWith(code)
    return () => patch(role, { description: 'x' })
  },
  'renaming a role that inherits it': async (code) => {
    const role = await makeRole(org, { parents: [await roleWith(code)] })
    return () => patch(role, { name: unique('renamed') })
  },
  'disabling a role': async (code) => {
    const role = await roleWith(code)
    return () => browserOf(by).patch(paths.toggleRole(role))
  },
  'deleting a role': async (code) => {
    const role = await roleWith(code)
    return () => as(by).delete(api(paths.role(role)))
  },
  'deleting many roles': async (code) => {
    const role = await roleWith(code)
    return async () => bulk(await as(by).post(api(`${paths.roles}/bulk`), { action: 'delete', ids: [role] }))
  },
  'disabling a permission': async (code) => () =>
    as(by).patch(api(paths.togglePermission(permissionOf(org, code)))),
  'disabling many permissions': async (code) => async () =>
    bulk(
      await as(by).post(api(`${paths.permissions}/bulk`), {
        action: 'disable',
        ids: [permissionOf(org, code)],
      }),
    ),
}

/** A refusal of the one record that was named, as if it had been alone. */
function bulk(answer: Answer): Answer {
  expect(answer.status, answer.text).toBe(200)
  return answer.json<{ refused: number }>().refused ? { ...answer, status: 403 } : answer
}

describe.each(Object.entries({ ...giving, ...taking }))('%s', (_, door) => {
  beforeEach(async () => {
    for (const code of [HAS, LACKS]) await set('permissions', permissionOf(org, code), { status: 'active' })
  })

  test('goes with what one has', async () => {
    const answer = await (await door(HAS))()
    expect(answer.status, answer.text).toBeOneOf([200, 201, 204, 303])
  })

  test('and not with more', async () => {
    await denied(by, 'role:assign', await door(LACKS))
  })

  test('and with everything by whoever has everything', async () => {
    const asked = by
    by = boss
    try {
      expect((await (await door(LACKS))()).status).toBeOneOf([200, 201, 204, 303])
    } finally {
      by = asked
    }
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
      const role = await roleWith(HAS)
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
    const user = await somebody()
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
    const [operator, user] = [roleOf(org, 'operator'), await somebody()]
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
    await owner
      .updateTable('permissions')
      .set({ status: 'disabled' })
      .where('org_id', '=', place.id)
      .where('id', '=', id)
      .execute()
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
    ['a role that is disabled', async (role: string) => set2('roles', role, { status: 'disabled' })],
    ['a role that is deleted', async (role: string) => set2('roles', role, gone())],
  ])('is not held through %s', async (_, sleep) => {
    const role = await makeRole(place, { permissions: [CODE] })
    const person = await personWith(place, CHANGING, { roles: [role] })
    await sleep(role)
    await denied(person, 'role:assign', () => as(person).patch(api(paths.togglePermission(id))))
  })
  const set2 = (table: 'roles', role: string, change: object) =>
    owner.updateTable(table).set(change).where('org_id', '=', place.id).where('id', '=', role).execute()

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
