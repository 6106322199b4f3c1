import { beforeEach, describe, expect, test } from 'vitest'
import type { RoleRecord } from '#src/domains/roles/roles/model.ts'
import { paths } from '#src/paths.ts'
import { api, inherit, now, permission, read, roleStage, row, set } from '#tests/access/roles/stage.ts'
import { hidden, recorded } from '#tests/access/trail.ts'
import { as } from '#tests/client.ts'
import { makeRole, makeUser, unique } from '#tests/factories.ts'

const stage = await roleStage()
const { people, editor, looker, parent } = stage

let target: string
beforeEach(async () => {
  target = await makeRole(people.org, { permissions: ['user:read:own'] })
})

describe('a role as it is answered', () => {
  test('names what it holds before what it inherits, from the nearest that holds it', async () => {
    const far = await makeRole(people.org, {
      name: unique('far'),
      permissions: ['user:read:all', 'group:read:all', 'event:read:all'],
    })
    const near = await makeRole(people.org, {
      name: unique('near'),
      permissions: ['group:read:all'],
      parents: [far],
    })
    const asleep = await makeRole(people.org, { permissions: ['role:read:all'], status: 'disabled' })
    const gone = await makeRole(people.org, { permissions: ['role:delete:all'] })
    await set(gone, { deleted_at: now() })
    const id = await makeRole(people.org, {
      permissions: ['user:update:own', 'event:read:all'],
      parents: [near, asleep, gone],
    })
    const name = async (role: string) => ({ id: role, name: (await row(role)).name })
    const role = await read(stage, id)
    expect(role.permissions.map(({ code, inherited_from }) => [code, inherited_from])).toEqual([
      ['event:read:all', undefined],
      ['user:update:own', undefined],
      ['group:read:all', await name(near)],
      ['user:read:all', await name(far)],
    ])
    expect(role.permissions.map((held) => held.id)).toContain(permission(stage, 'event:read:all'))
    expect(role.parents.map((one) => one.id).sort()).toEqual([near, asleep].sort())
  })

  test('shows permissions to those alone who may read permissions', async () => {
    expect((await as(looker).get(api(paths.role(target)))).json<RoleRecord>().permissions).toEqual([])
    expect((await as(editor).get(api(paths.role(target)))).json<RoleRecord>().permissions).toHaveLength(1)
  })

  test('has another tag when a role above it changes', async () => {
    const above = await makeRole(people.org, { permissions: ['user:read:own'] })
    const below = await makeRole(people.org, { parents: [await makeRole(people.org, { parents: [above] })] })
    const tag = async () => (await as(editor).get(api(paths.role(below)))).headers.get('etag')
    const changes = [
      { permissions: ['user:read:own', 'user:read:all'] },
      { name: unique('renamed') },
      { status: 'disabled' },
    ]
    for (const change of changes) {
      const before = await tag()
      expect((await as(editor).patch(api(paths.role(above)), change)).status).toBe(200)
      expect(await tag()).not.toBe(before)
    }
    const before = await tag()
    expect((await as(editor).patch(api(paths.role(above)), { description: 'x' })).status).toBe(200)
    expect(await tag()).toBe(before)
  })
})

describe('a change of nothing', () => {
  test('changes nothing, and answers the role', async () => {
    const before = await read(stage, target)
    for (const body of [{}, { permissions: ['user:read:own'], parent_ids: [], name: before.name }]) {
      const answer = await as(editor).patch(api(paths.role(target)), body)
      expect(answer.json<RoleRecord>()).toEqual(before)
      expect(await recorded(editor, answer, 'api')).toEqual([])
    }
  })

  test('adding what is there is done already; taking what isn’t is a 404', async () => {
    const before = await read(stage, target)
    const path = (code: string) => api(paths.rolePermission(target, permission(stage, code)))
    expect((await as(editor).post(path('user:read:own'))).json<RoleRecord>()).toEqual(before)
    await hidden(editor, () => as(editor).delete(path('session:read:own')))
    await hidden(editor, () => as(editor).delete(api(paths.roleParent(target, parent))))
    await hidden(editor, () => as(editor).post(api(paths.rolePermission(target, parent))))
    await inherit(stage, target, parent)
    await hidden(editor, () => as(editor).delete(path('user:read:group')))
  })
})

describe('inheritance', () => {
  test('that would close a circle is refused with the way round', async () => {
    const [a, b, c] = [
      await makeRole(people.org, { name: unique('A') }),
      await makeRole(people.org, { name: unique('B') }),
      await makeRole(people.org, { name: unique('C') }),
    ]
    await inherit(stage, a, b)
    await inherit(stage, b, c)
    const [nameA, nameB, nameC] = [(await row(a)).name, (await row(b)).name, (await row(c)).name]
    const way = `would make the role inherit from itself: ${nameC} → ${nameA} → ${nameB} → ${nameC}`
    for (const attempt of [
      as(editor).post(api(paths.roleParent(c, a))),
      as(editor).patch(api(paths.role(c)), { parent_ids: [parent, a] }),
    ]) {
      const answer = await attempt
      expect([answer.status, answer.json().errors]).toEqual([409, [{ path: 'parent_ids', message: way }]])
    }
    const itself = await as(editor).post(api(paths.roleParent(a, a)))
    expect(itself.json().errors?.[0]?.message).toBe(
      `would make the role inherit from itself: ${nameA} → ${nameA}`,
    )
    expect((await as(editor).post(api(paths.roleParent(a, c)))).status).toBe(200)
  })

  test('goes twenty deep, by two ways at each step', async () => {
    let [left, right] = [
      await makeRole(people.org, { permissions: ['user:read:own'] }),
      await makeRole(people.org),
    ]
    const bottom = left
    for (let depth = 0; depth < 20; depth++) {
      const parents = [left, right]
      left = await makeRole(people.org, { parents })
      right = await makeRole(people.org, { parents })
    }
    const role = await read(stage, left)
    expect(role.permissions).toMatchObject([{ code: 'user:read:own', inherited_from: { id: bottom } }])
    const holder = await makeUser(people.org, { roles: [left] })
    expect((await as(holder).get(api(paths.usersMe))).status).toBe(200)
    expect((await as(editor).post(api(paths.roleParent(bottom, left)))).status).toBe(409)
    expect((await as(editor).patch(api(paths.role(bottom)), { permissions: [] })).status).toBe(200)
    await expect.poll(async () => (await as(holder).get(api(paths.usersMe))).status).toBe(403)
  })
})
