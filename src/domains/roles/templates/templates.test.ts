import { beforeEach, describe, expect, test } from 'vitest'
import type { RoleRecord } from '#src/domains/roles/roles/model.ts'
import { paths } from '#src/paths.ts'
import { api, own, permission, read, roleStage, row } from '#tests/access/roles/stage.ts'
import { denied, recorded } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import { makeRole, roleOf, unique } from '#tests/factories.ts'
import { conforms } from '#tests/http/conformance.ts'
import { makePeople, type Person, personWith } from '#tests/people.ts'

const stage = await roleStage()
const { people, looker, parent } = stage

let target: string
beforeEach(async () => {
  target = await makeRole(people.org, { permissions: ['user:read:own'] })
})

describe('making a role', () => {
  const makings: [string, string, () => Record<string, string | string[]>, string[]][] = [
    [
      'whole',
      paths.roles,
      () => ({ name: unique('made'), permissions: ['user:read:own'] }),
      ['user:read:own'],
    ],
    [
      'minimal',
      paths.createMinimalRole,
      () => ({ name: unique('made') }),
      ['user:read:own', 'user:update:own'],
    ],
    ['from a template', paths.roleFromTemplate, () => ({ template: 'guest' }), ['user:read:own']],
  ]
  describe.each(makings)('%s', (_, path, body, codes) => {
    const maker = () =>
      personWith(people.org, ['role:create:all', 'role:read:all', 'user:read:all', 'user:update:own'])

    test.each([
      ['as JSON', 'api', (by: Person) => as(by).post(api(path), body())],
      ['as a form', 'web', (by: Person) => browserOf(by).post(path, body())],
    ] as const)('%s: works, is refused to others, and is in the trail', async (_, via, attempt) => {
      for (const by of [people.owner, await maker()]) {
        const answer = await attempt(by)
        expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 201)
        const id = /([0-9a-f-]{36})$/.exec(answer.headers.get('location') ?? '')?.[1] as string
        const role = await read(stage, id)
        expect(own(role)).toEqual(codes)
        expect(await row(id)).toMatchObject({ created_by: by.id, builtin: false, status: 'active' })
        const lines = await recorded(by, answer, via)
        expect(lines.find(({ action }) => action === 'role:create')).toMatchObject({
          target_id: id,
          data: { after: { name: role.name, created_by: by.id } },
        })
        expect(lines.filter(({ action }) => action === 'role_permission:create')).toHaveLength(codes.length)
      }
      await denied(looker, 'role:create', () => attempt(looker))
      await denied(people.colleague, 'role:create', () => attempt(people.colleague))
    })
  })

  const make = (body: object) => as(people.owner).post(api(paths.roles), body)
  test('says at which field something is wrong', async () => {
    const { name } = await row(target)
    const cases: [object, number, string][] = [
      [{}, 422, 'name'],
      [{ name: ' ' }, 422, 'name'],
      [{ name }, 409, 'name'],
      [{ name: 'New', permissions: ['user:read:own', 'user:fly:own'] }, 422, 'permissions.1'],
      [{ name: 'New', parent_ids: [people.foreigner.org.roles.get('guest')] }, 422, 'parent_ids.0'],
      [{ name: 'New', parent_ids: ['x'] }, 422, 'parent_ids.0'],
      [{ name: 'New', builtin: true }, 422, 'builtin'],
      [{ name: 'New', template: 'owner' }, 422, 'template'],
    ]
    for (const [body, status, path] of cases) {
      const answer = await make(body)
      expect([answer.status, answer.json().errors?.[0]?.path], JSON.stringify(body)).toEqual([status, path])
    }
  })

  test('from a template that there isn’t is a 422; that of the platform is only there', async () => {
    for (const template of ['nothing', 'toString', 'superadmin']) {
      const answer = await as(people.owner).post(api(paths.roleFromTemplate), { template })
      expect([answer.status, answer.json().errors?.[0]?.path]).toEqual([422, 'template'])
    }
  })

  test('templates are listed with what they give, for whoever can make a role', async () => {
    const path = api(paths.roleTemplates)
    const answer = await as(people.owner).get(path)
    expect(conforms('GET', path, answer)).toEqual([])
    const { data } = answer.json<{ data: { name: string; permissions: string[] }[] }>()
    expect(data.map(({ name }) => name)).not.toContain('superadmin')
    for (const { name, permissions } of data.filter(({ name }) => name !== 'owner')) {
      const made = await as(people.owner).post(api(paths.roleFromTemplate), { template: name })
      expect(own(made.json<RoleRecord>()), name).toEqual(permissions.sort())
    }
    await denied(people.colleague, 'role:create', () => as(people.colleague).get(path))
  })

  test('from a template takes the first free name, or the one that is given', async () => {
    const { owner } = await makePeople()
    const from = async (body: object) =>
      (await as(owner).post(api(paths.roleFromTemplate), { template: 'viewer', ...body })).json<RoleRecord>()
    expect((await from({})).name).toBe('viewer 2')
    expect((await from({ name: '' })).name).toBe('viewer 3')
    expect(await from({ name: 'Mine' })).toMatchObject({ name: 'Mine', template: 'viewer', builtin: false })
  })
})

describe('built-in roles', () => {
  const change = (id: string, body: object) => as(people.owner).patch(api(paths.role(id)), body)

  test('that hold everything stay as they are', async () => {
    const id = roleOf(people.org, 'owner')
    const role = await read(stage, id)
    const changes: [string, object][] = [
      ['name', { name: 'x' }],
      ['status', { status: 'disabled' }],
      ['permissions', { permissions: [] }],
      ['parent_ids', { parent_ids: [parent] }],
    ]
    for (const [path, body] of changes) {
      const answer = await change(id, body)
      expect([answer.status, answer.json().errors?.[0]?.path]).toEqual([409, path])
    }
    const { delete: del, post, patch } = as(people.owner)
    for (const attempt of [
      del(api(paths.role(id))),
      patch(api(paths.toggleRole(id))),
      del(api(paths.rolePermission(id, permission(stage, 'user:read:own')))),
      post(api(paths.roleParent(id, parent))),
    ])
      expect((await attempt).status).toBe(409)
    expect(await read(stage, id)).toEqual(role)
    expect((await change(id, { name: 'owner', description: 'Ours' })).status).toBe(200)
  })

  test('of other kinds keep their name and stay, and may be changed and disabled', async () => {
    const id = roleOf(people.org, 'guest')
    expect((await change(id, { name: 'x' })).json().errors?.[0]?.path).toBe('name')
    expect((await as(people.owner).delete(api(paths.role(id)))).status).toBe(409)
    expect((await change(id, { permissions: ['user:read:own', 'session:read:own'] })).status).toBe(200)
    expect((await change(id, { status: 'disabled' })).json<RoleRecord>().status).toBe('disabled')
    expect((await change(id, { status: 'active', permissions: ['user:read:own'] })).status).toBe(200)
  })
})
