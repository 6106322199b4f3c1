import { beforeEach, describe, expect, test } from 'vitest'
import type { RoleRecord } from '#src/domains/roles/roles/model.ts'
import { paths } from '#src/paths.ts'
import { placesOf } from '#src/resource/places.ts'
import { api, inherit, now, own, permission, read, roleStage, row, set } from '#tests/access/roles/stage.ts'
import { denied, hidden, recorded } from '#tests/access/trail.ts'
import { type Answer, as, browserOf, versionOf } from '#tests/client.ts'
import { makeRole, unique } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'

const { restore } = placesOf(paths.roles)
const stage = await roleStage()
const { people, editor, looker, parent } = stage

let target: string
beforeEach(async () => {
  target = await makeRole(people.org, { permissions: ['user:read:own'] })
})

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
    ...both('post', (id) => paths.rolePermission(id, permission(stage, 'session:read:own'))),
    done: (role) => own(role).join() === 'session:read:own,user:read:own',
  },
  'taking a permission': {
    permission: 'role:update',
    event: 'role_permission:delete',
    data: {},
    ...both('delete', (id) => paths.rolePermission(id, permission(stage, 'user:read:own'))),
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
    before: (id) => inherit(stage, id, parent),
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
      expect(write.done(await read(stage, target))).toBe(false)
      const was = await row(target)
      const answer = await attempt(by, target)
      expect(answer.status, answer.text).toBe(via === 'web' ? 303 : name === 'DELETE' ? 204 : 200)
      const role = await read(stage, target)
      expect(write.done(role)).toBe(true)
      expect(role.version).toBeGreaterThan(was.version)
      const line = (await recorded(by, answer, via)).find(({ action }) => action === write.event)
      expect(line).toMatchObject({ target_id: target, data: write.data })
      if (via === 'api' && name !== 'DELETE') {
        expect(answer.json<RoleRecord>()).toEqual(role)
        expect(versionOf(answer)).toBe(role.version)
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

test('restoring a role against a taken name is a 409', async () => {
  await set(target, { deleted_at: now() })
  const { name } = await row(target)
  await makeRole(people.org, { name })
  expect((await as(editor).post(api(restore(target)))).json().errors).toEqual([
    { path: 'name', message: 'is already in use' },
  ])
})
