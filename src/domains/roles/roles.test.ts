import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RoleRecord } from '#src/domains/roles/model.ts'
import { paths } from '#src/paths.ts'
import { placesOf } from '#src/resource/places.ts'
import { denied, hidden, type Line, recorded, trail } from '#tests/access/trail.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import { makeRole, makeUser, permissionOf, roleOf, unique } from '#tests/factories.ts'
import { makePeople, type People, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
const { restore, history } = placesOf(paths.roles)

let people: People
/** May do everything with roles, and holds what the tests' roles hold. */
let editor: Person
/** Sees roles and changes none. */
let looker: Person
let parent: string
let target: string
const EDITING = [
  'role:create:all',
  'role:read:all',
  'role:update:all',
  'role:delete:all',
  'permission:read:all',
]
beforeAll(async () => {
  people = await makePeople()
  editor = await personWith(people.org, [...EDITING, 'user:read:all', 'session:read:own'])
  looker = await personWith(people.org, ['role:read:all', 'user:update:all'])
  parent = await makeRole(people.org, { permissions: ['user:read:group'] })
})
beforeEach(async () => {
  target = await makeRole(people.org, { permissions: ['user:read:own'] })
})

const permission = (code: string) => permissionOf(people.org, code)
const read = async (id: string) => (await as(people.owner).get(api(paths.role(id)))).json<RoleRecord>()
const row = (id: string) =>
  owner.selectFrom('roles').where('id', '=', id).selectAll().executeTakeFirstOrThrow()
const own = ({ permissions }: RoleRecord) =>
  permissions.filter(({ inherited_from }) => !inherited_from).map(({ code }) => code)
const set = (id: string, change: object) =>
  owner.updateTable('roles').set(change).where('id', '=', id).execute()
const now = () => new Date().toISOString()
const inherit = (role_id: string, parent_id: string) =>
  owner.insertInto('role_parents').values({ org_id: people.org.id, role_id, parent_id }).execute()

type Write = {
  permission: string
  /** The line of the trail, and what it holds. */
  event: string
  data: object
  json: (by: Person, id: string) => Promise<Answer>
  form: (by: Person, id: string) => Promise<Answer>
  before?: (id: string) => Promise<unknown>
  done: (role: RoleRecord) => boolean
}

const both = (
  method: 'post' | 'put' | 'patch' | 'delete',
  path: (id: string) => string,
  body?: () => object,
) => ({
  json: (by: Person, id: string) => as(by)[method](api(path(id)), body?.()),
  form: (by: Person, id: string) =>
    browserOf(by)[method](path(id), (body?.() ?? {}) as Record<string, string>),
})

const writes: Record<string, Write> = {
  PUT: {
    permission: 'role:update',
    event: 'role:update',
    data: { after: { description: 'Put' } },
    ...both('put', paths.role, () => ({
      name: unique('put'),
      description: 'Put',
      permissions: ['session:read:own'],
      parent_ids: [parent],
    })),
    done: (role) => role.description === 'Put' && own(role).join() === 'session:read:own',
  },
  PATCH: {
    permission: 'role:update',
    event: 'role:update',
    data: { before: { description: '' }, after: { description: 'Patched' } },
    ...both('patch', paths.role, () => ({ description: 'Patched' })),
    done: (role) => role.description === 'Patched' && own(role).join() === 'user:read:own',
  },
  DELETE: {
    permission: 'role:delete',
    event: 'role:delete',
    data: {},
    ...both('delete', paths.role),
    done: (role) => role.deleted_at !== null,
  },
  restore: {
    permission: 'role:delete',
    event: 'role:restore',
    data: {},
    ...both('post', restore),
    before: (id) => set(id, { deleted_at: now() }),
    done: (role) => role.deleted_at === null,
  },
  'toggle-status': {
    permission: 'role:update',
    event: 'role:update',
    data: { before: { status: 'active' }, after: { status: 'disabled' } },
    ...both('patch', paths.toggleRole),
    done: (role) => role.status === 'disabled',
  },
  'adding a permission': {
    permission: 'role:update',
    event: 'role_permission:create',
    data: {},
    ...both('post', (id) => paths.rolePermission(id, permission('session:read:own'))),
    done: (role) => own(role).join() === 'session:read:own,user:read:own',
  },
  'taking a permission': {
    permission: 'role:update',
    event: 'role_permission:delete',
    data: {},
    ...both('delete', (id) => paths.rolePermission(id, permission('user:read:own'))),
    done: (role) => own(role).length === 0,
  },
  'adding a parent': {
    permission: 'role:update',
    event: 'role_parent:create',
    data: {},
    ...both('post', (id) => paths.roleParent(id, parent)),
    done: (role) => role.parents.some(({ id }) => id === parent),
  },
  'taking a parent': {
    permission: 'role:update',
    event: 'role_parent:delete',
    data: {},
    ...both('delete', (id) => paths.roleParent(id, parent)),
    before: (id) => inherit(id, parent),
    done: (role) => role.parents.length === 0,
  },
}

describe.each(Object.entries(writes))('%s of a role', (name, write) => {
  describe.each([
    ['as JSON', 'api', write.json],
    ['as a form', 'web', write.form],
  ] as const)('%s', (_, via, attempt) => {
    beforeEach(() => write.before?.(target))

    test.each(['the owner', 'an editor'])('works for %s, and is in the trail', async (who) => {
      const by = who === 'an editor' ? editor : people.owner
      expect(write.done(await read(target))).toBe(false)
      const was = await row(target)
      const answer = await attempt(by, target)
      expect(answer.status, answer.text).toBe(via === 'web' ? 303 : name === 'DELETE' ? 204 : 200)
      const role = await read(target)
      expect(write.done(role)).toBe(true)
      expect(role.version).toBeGreaterThan(was.version)
      const line = (await recorded(by, answer, via)).find(({ action }) => action === write.event)
      expect(line).toMatchObject({ target_id: target, data: write.data })
      if (via === 'api' && name !== 'DELETE') {
        expect(answer.json<RoleRecord>()).toEqual(role)
        expect(answer.headers.get('etag')).toBe(`"${role.version}"`)
      }
    })

    test('is a 404 for another organization, and for what is no role', async () => {
      const { foreigner, org } = people
      await hidden(foreigner, () => attempt(foreigner, target), org)
      await hidden(editor, () => attempt(editor, foreigner.org.roles.get('guest') as string), foreigner.org)
      await hidden(editor, () => attempt(editor, editor.id))
    })

    test('is refused to those without the permission, and to those who may only look', async () => {
      await denied(people.colleague, write.permission, () => attempt(people.colleague, target))
      await denied(looker, write.permission, () => attempt(looker, target))
    })
  })
})

test.each(['PUT', 'PATCH', 'DELETE', 'toggle-status', 'adding a permission', 'adding a parent'])(
  '%s of a deleted role is a 404',
  async (name) => {
    await set(target, { deleted_at: now() })
    await hidden(editor, () => (writes[name] as Write).json(editor, target))
  },
)

test('restoring a role that is there is a 404; against a taken name it is a 409', async () => {
  await hidden(editor, () => as(editor).post(api(restore(target))))
  await set(target, { deleted_at: now() })
  const { name } = await row(target)
  await makeRole(people.org, { name })
  expect((await as(editor).post(api(restore(target)))).json().errors).toEqual([
    { path: 'name', message: 'is taken' },
  ])
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
        const role = await read(id)
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

  test('from a template takes the first free name, or the one that is given', async () => {
    const { owner } = await makePeople()
    const from = async (body: object) =>
      (await as(owner).post(api(paths.roleFromTemplate), { template: 'viewer', ...body })).json<RoleRecord>()
    expect((await from({})).name).toBe('viewer 2')
    expect((await from({ name: '' })).name).toBe('viewer 3')
    expect(await from({ name: 'Mine' })).toMatchObject({ name: 'Mine', template: 'viewer', builtin: false })
  })
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
    const role = await read(id)
    expect(role.permissions.map(({ code, inherited_from }) => [code, inherited_from])).toEqual([
      ['event:read:all', undefined],
      ['user:update:own', undefined],
      ['group:read:all', await name(near)],
      ['user:read:all', await name(far)],
    ])
    expect(role.permissions.map((held) => held.id)).toContain(permission('event:read:all'))
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
    const before = await read(target)
    for (const body of [{}, { permissions: ['user:read:own'], parent_ids: [], name: before.name }]) {
      const answer = await as(editor).patch(api(paths.role(target)), body)
      expect(answer.json<RoleRecord>()).toEqual(before)
      expect(await recorded(editor, answer, 'api')).toEqual([])
    }
  })

  test('adding what is there is done already; taking what isn’t is a 404', async () => {
    const before = await read(target)
    const path = (code: string) => api(paths.rolePermission(target, permission(code)))
    expect((await as(editor).post(path('user:read:own'))).json<RoleRecord>()).toEqual(before)
    await hidden(editor, () => as(editor).delete(path('session:read:own')))
    await hidden(editor, () => as(editor).delete(api(paths.roleParent(target, parent))))
    await hidden(editor, () => as(editor).post(api(paths.rolePermission(target, parent))))
    await inherit(target, parent)
    await hidden(editor, () => as(editor).delete(path('user:read:group')))
  })
})

describe('built-in roles', () => {
  const change = (id: string, body: object) => as(people.owner).patch(api(paths.role(id)), body)

  test('that hold everything stay as they are', async () => {
    const id = roleOf(people.org, 'owner')
    const role = await read(id)
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
      del(api(paths.rolePermission(id, permission('user:read:own')))),
      post(api(paths.roleParent(id, parent))),
    ])
      expect((await attempt).status).toBe(409)
    expect(await read(id)).toEqual(role)
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

describe('inheritance', () => {
  test('that would close a circle is refused with the way round', async () => {
    const [a, b, c] = [
      await makeRole(people.org, { name: unique('A') }),
      await makeRole(people.org, { name: unique('B') }),
      await makeRole(people.org, { name: unique('C') }),
    ]
    await inherit(a, b)
    await inherit(b, c)
    const [nameA, nameB, nameC] = [(await row(a)).name, (await row(b)).name, (await row(c)).name]
    const way = `would close a circle: ${nameC} → ${nameA} → ${nameB} → ${nameC}`
    for (const attempt of [
      as(editor).post(api(paths.roleParent(c, a))),
      as(editor).patch(api(paths.role(c)), { parent_ids: [parent, a] }),
    ]) {
      const answer = await attempt
      expect([answer.status, answer.json().errors]).toEqual([409, [{ path: 'parent_ids', message: way }]])
    }
    const itself = await as(editor).post(api(paths.roleParent(a, a)))
    expect(itself.json().errors?.[0]?.message).toBe(`would close a circle: ${nameA} → ${nameA}`)
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
    const role = await read(left)
    expect(role.permissions).toMatchObject([{ code: 'user:read:own', inherited_from: { id: bottom } }])
    const holder = await makeUser(people.org, { roles: [left] })
    expect((await as(holder).get(api(paths.usersMe))).status).toBe(200)
    expect((await as(editor).post(api(paths.roleParent(bottom, left)))).status).toBe(409)
    expect((await as(editor).patch(api(paths.role(bottom)), { permissions: [] })).status).toBe(200)
    await expect.poll(async () => (await as(holder).get(api(paths.usersMe))).status).toBe(403)
  })
})

describe('who gains and who loses', () => {
  let holder: Person
  beforeEach(async () => {
    holder = await makeUser(people.org, { roles: [target], last_name: 'Holder' })
  })
  const losing = { permissions: ['session:read:own'] }
  const named = () => [{ id: holder.id, name: 'Holder' }]
  const effects = () => [
    {
      permission: 'session:read:own',
      gains: { count: 1, users: named() },
      loses: { count: 0, users: [] },
    },
    { permission: 'user:read:own', gains: { count: 0, users: [] }, loses: { count: 1, users: named() } },
  ]
  const inTrail = async () =>
    (await trail(people.org, { target })).filter(({ action }: Line) => action === 'role:effect')

  test('is told before it is done, and stands in the trail when it is', async () => {
    const before = await read(target)
    const answer = await as(editor).patch(api(`${paths.role(target)}?dry_run=true`), losing)
    expect([answer.status, answer.json()]).toEqual([200, { effects: effects() }])
    expect(await read(target)).toEqual(before)
    expect(await inTrail()).toEqual([])
    expect((await as(editor).patch(api(`${paths.role(target)}?dry_run=false`), losing)).status).toBe(200)
    expect(await inTrail()).toMatchObject([
      { data: { gains: { 'session:read:own': 1 }, loses: { 'user:read:own': 1 } } },
    ])
    expect((await as(editor).patch(api(`${paths.role(target)}?dry_run=1`), losing)).status).toBe(400)
  })

  test('is shown by the page, which saves on a second step', async () => {
    const before = await read(target)
    const browser = browserOf(editor)
    const fields = {
      name: before.name,
      description: '',
      status: 'active',
      second_factor_required: 'false',
      parent_ids: '',
      permissions: ['', 'session:read:own'],
      version: String(before.version),
    }
    const shown = await browser.post(paths.editRole(target), fields)
    expect(shown.status).toBe(200)
    for (const text of [
      'Nothing is saved yet',
      'session:read:own',
      'user:read:own',
      'Holder',
      'Confirm',
      'Back',
    ])
      expect(shown.text).toContain(text)
    expect(await read(target)).toEqual(before)
    const back = await browser.post(paths.editRole(target), { ...fields, name: 'Kept', back: 'true' })
    expect(back.text).toContain('value="Kept"')
    expect(await read(target)).toEqual(before)
    const saved = await browser.patch(paths.role(target), fields)
    expect(saved.status).toBe(303)
    expect(own(await read(target))).toEqual(['session:read:own'])
  })

  test('is not asked for what changes nobody’s rights', async () => {
    const answer = await browserOf(editor).post(paths.editRole(target), { description: 'Plain' })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, paths.role(target)])
    expect((await read(target)).description).toBe('Plain')
  })

  test.each([
    ['toggle', () => ({}), paths.toggleRole],
    ['permissions', () => ({ record: permission('session:read:own') }), null],
    ['parents', () => ({ record: parent, add: 'true' }), null],
  ] as const)('is shown for a step of the role’s page: %s', async (step, more, path) => {
    const before = await read(target)
    const answer = await browserOf(editor).post(paths.editRole(target), { step, ...more() })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.text).toContain('Nothing is saved yet')
    if (path) expect(answer.text).toContain(`action="${path(target)}"`)
    expect(await read(target)).toEqual(before)
  })

  test('a form that is too late shows both versions', async () => {
    const { version, name } = await read(target)
    await as(editor).patch(api(paths.role(target)), { permissions: ['user:read:all'] })
    const fields = { name, permissions: ['', 'session:read:own'], version: String(version) }
    const late = await browserOf(editor).post(paths.editRole(target), fields)
    expect(late.status).toBe(412)
    expect(late.text).toMatch(/session:read:own[\s\S]*user:read:all/)
    const latest = (await read(target)).version
    const chosen = { name, permissions: 'session:read:own', version: String(latest) }
    expect((await browserOf(editor).patch(paths.role(target), chosen)).status).toBe(303)
    expect(own(await read(target))).toEqual(['session:read:own'])
  })
})

describe('pages and files', () => {
  test('show the role with what belongs to it', async () => {
    const child = await makeRole(people.org, { name: unique('child'), parents: [target] })
    await inherit(target, parent)
    await makeUser(people.org, { roles: [target], last_name: 'Having' })
    const page = await browserOf(editor).get(paths.role(target))
    for (const text of [
      (await row(child)).name,
      (await row(parent)).name,
      'Having',
      'read:own',
      'read:group',
    ])
      expect(page.text).toContain(text)
    const blind = await browserOf(looker).get(paths.role(target))
    expect(blind.text).not.toContain('Having')
    expect(blind.text).not.toContain(paths.editRole(target))
    for (const path of [paths.roles, `${paths.roles}/new`, paths.roleFromTemplate, paths.createMinimalRole])
      expect((await browserOf(people.owner).get(path)).status, path).toBe(200)
  })

  test('history tells of permissions and parents by their names, and whom it touched', async () => {
    await makeUser(people.org, { roles: [target] })
    await as(editor).patch(api(paths.role(target)), {
      permissions: ['session:read:own'],
      parent_ids: [parent],
    })
    const { data } = (await as(editor).get(api(history(target)))).json<{
      data: { action: string; changes: { field: string; from_name?: string; to_name?: string }[] }[]
    }>()
    const told = data.flatMap(({ action, changes }) =>
      changes.map(
        ({ field, from_name, to_name }) => `${action} ${field} ${from_name ?? ''}>${to_name ?? ''}`,
      ),
    )
    expect(told).toContain('role_permission:delete permission_id user:read:own>')
    expect(told).toContain('role_permission:create permission_id >session:read:own')
    expect(told).toContain(`role_parent:create parent_id >${(await row(parent)).name}`)
    const effect = data.find(({ action }) => action === 'role:effect')
    expect(effect?.changes).toContainEqual({ field: 'loses', to: { 'user:read:own': 1 } })
    expect((await browserOf(editor).get(history(target))).text).toContain('user:read:own (1)')
  })

  test('the list is searched, filtered, sorted and exported', async () => {
    const word = unique('findable').replace('-', '')
    const [one, two] = [
      await makeRole(people.org, { name: `${word} one`, permissions: ['user:read:own'] }),
      await makeRole(people.org, { name: `${word} two`, status: 'disabled', parents: [target] }),
    ]
    const ids = async (query: string) =>
      (await as(editor).get(api(`${paths.roles}?q=${word}${query}`)))
        .json<{ data: RoleRecord[] }>()
        .data.map(({ id }) => id)
    expect(await ids('')).toEqual([one, two])
    expect(await ids('&sort=-name')).toEqual([two, one])
    expect(await ids('&status=disabled')).toEqual([two])
    expect(await ids('&builtin=true')).toEqual([])
    const csv = await as(editor).get(api(`${paths.roles}?q=${word}&format=csv`))
    expect(csv.text.split('\r\n')[0]).toContain('parents,permissions')
    expect(csv.text).toContain('user:read:own')
  })
})

test('bulk does each as the single action would', async () => {
  const strong = await makeRole(people.org, { permissions: ['event:read:all'] })
  const other = await makeRole(people.org)
  const bulk = async (action: string) => {
    const answer = await as(editor).post(api(`${paths.roles}/bulk`), {
      action,
      ids: [target, other, strong, people.foreigner.org.roles.get('guest')],
    })
    return answer.json<{ done: number; refused: number }>()
  }
  for (const action of ['disable', 'activate', 'delete', 'restore'])
    expect(await bulk(action), action).toMatchObject({ done: 2, refused: 2 })
  expect([(await row(target)).status, (await row(target)).deleted_at]).toEqual(['active', null])
  expect((await row(strong)).status).toBe('active')
})
