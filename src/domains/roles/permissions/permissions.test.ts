import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PermissionRecord } from '#src/domains/roles/permissions/model.ts'
import { paths, pathsOf } from '#src/paths.ts'
import { denied, hidden, recorded } from '#tests/access/trail.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import { makeRole, permissionOf, roleOf, unique } from '#tests/factories.ts'
import { makePeople, type People, type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
const places = pathsOf(paths.permissions)

let people: People
/** May do everything with permissions, and holds the tests' own. */
let editor: Person
let looker: Person
let holding: string
let target: string
beforeAll(async () => {
  people = await makePeople()
  const all = ['create', 'read', 'update', 'delete'].map((action) => `permission:${action}:all`)
  holding = await makeRole(people.org)
  editor = await personWith(people.org, [...all, 'session:read:own'], { roles: [holding] })
  looker = await personWith(people.org, ['permission:read:all', 'role:update:all'])
})
beforeEach(async () => {
  target = await custom()
})

const word = () => unique('w').replace('-', '_')
async function custom(): Promise<string> {
  const { id } = await owner
    .insertInto('permissions')
    .values({ org_id: people.org.id, model: 'report', action: word(), scope: 'group' })
    .returning('id')
    .executeTakeFirstOrThrow()
  await owner
    .insertInto('role_permissions')
    .values(
      [holding, roleOf(people.org, 'owner')].map((role_id) => ({
        org_id: people.org.id,
        role_id,
        permission_id: id,
      })),
    )
    .execute()
  return id
}
const row = (id: string) =>
  owner.selectFrom('permissions').where('id', '=', id).selectAll().executeTakeFirst()
const built = (code: string) => permissionOf(people.org, code)

type Write = {
  permission: string
  event: string
  data: object
  json: (by: Person, id: string) => Promise<Answer>
  form: (by: Person, id: string) => Promise<Answer>
  done: (row: PermissionRecord | undefined) => boolean
}
const both = (
  method: 'put' | 'patch' | 'delete',
  path: (id: string) => string,
  body?: Record<string, string>,
) => ({
  json: (by: Person, id: string) => as(by)[method](api(path(id)), body),
  form: (by: Person, id: string) => browserOf(by)[method](path(id), body),
})
const writes: Record<string, Write> = {
  PUT: {
    permission: 'permission:update',
    event: 'permission:update',
    data: { after: { description: 'Put', category: 'Reports' } },
    ...both('put', paths.permission, { description: 'Put', category: 'Reports' }),
    done: (found) => found?.category === 'Reports',
  },
  PATCH: {
    permission: 'permission:update',
    event: 'permission:update',
    data: { before: { description: '' }, after: { description: 'Patched' } },
    ...both('patch', paths.permission, { description: 'Patched' }),
    done: (found) => found?.description === 'Patched',
  },
  'toggle-status': {
    permission: 'permission:update',
    event: 'permission:update',
    data: { before: { status: 'active' }, after: { status: 'disabled' } },
    ...both('patch', paths.togglePermission),
    done: (found) => found?.status === 'disabled',
  },
  DELETE: {
    permission: 'permission:delete',
    event: 'permission:delete',
    data: { before: { model: 'report' } },
    ...both('delete', paths.permission),
    done: (found) => found === undefined,
  },
}

describe.each(Object.entries(writes))('%s of a permission', (name, write) => {
  describe.each([
    ['as JSON', 'api', write.json],
    ['as a form', 'web', write.form],
  ] as const)('%s', (_, via, attempt) => {
    test.each(['the owner', 'an editor'])('works for %s, and is in the trail', async (who) => {
      const by = who === 'an editor' ? editor : people.owner
      expect(write.done((await row(target)) as PermissionRecord)).toBe(false)
      const answer = await attempt(by, target)
      expect(answer.status, answer.text).toBe(via === 'web' ? 303 : name === 'DELETE' ? 204 : 200)
      const found = await row(target)
      expect(write.done(found as PermissionRecord | undefined)).toBe(true)
      const line = (await recorded(by, answer, via)).find(({ action }) => action === write.event)
      expect(line).toMatchObject({ target_id: target, data: write.data })
      if (via === 'api' && found)
        expect(answer.json<PermissionRecord>()).toMatchObject({
          id: target,
          code: found.code,
          version: found.version,
        })
    })

    test('is a 404 for another organization, and for what is no permission', async () => {
      const { foreigner, org } = people
      await hidden(foreigner, () => attempt(foreigner, target), org)
      await hidden(editor, () => attempt(editor, permissionOf(foreigner.org, 'user:read:all')), foreigner.org)
      await hidden(editor, () => attempt(editor, editor.id))
    })

    test('is refused to those without the permission, and to those who may only look', async () => {
      await denied(people.colleague, write.permission, () => attempt(people.colleague, target))
      await denied(looker, write.permission, () => attempt(looker, target))
    })
  })
})

describe('making a permission', () => {
  const body = () => ({ model: 'report', action: word(), scope: 'group', description: 'Of reports' })
  test.each([
    ['as JSON', 'api', (by: Person, sent: object) => as(by).post(api(paths.permissions), sent)],
    [
      'as a form',
      'web',
      (by: Person, sent: object) => browserOf(by).post(paths.permissions, sent as Record<string, string>),
    ],
  ] as const)('%s: works, is refused to others, and is in the trail', async (_, via, attempt) => {
    for (const by of [people.owner, editor]) {
      const sent = body()
      const answer = await attempt(by, sent)
      expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 201)
      const id = /([0-9a-f-]{36})$/.exec(answer.headers.get('location') ?? '')?.[1] as string
      expect(await row(id)).toMatchObject({ ...sent, builtin: false, status: 'active' })
      const lines = await recorded(by, answer, via)
      expect(lines.find(({ action }) => action === 'permission:create')).toMatchObject({ target_id: id })
      expect(lines.find(({ action }) => action === 'role_permission:create')).toMatchObject({
        target_id: roleOf(people.org, 'owner'),
        data: { after: { permission_id: id } },
      })
    }
    await denied(looker, 'permission:create', () => attempt(looker, body()))
    await denied(people.colleague, 'permission:create', () => attempt(people.colleague, body()))
  })

  test('gives it at once to those who have everything, and to nobody else', async () => {
    const { model, action, scope, ...rest } = body()
    await as(editor).post(api(paths.permissions), { model, action, scope, ...rest })
    const asked = { questions: [{ permission: `${model}:${action}` }] }
    const may = async (by: Person) =>
      (await as(by).post(api('/access/check'), asked)).json<{ answers: { allowed: boolean }[] }>().answers[0]
        ?.allowed
    await expect.poll(() => may(people.owner), { timeout: 1000 }).toBe(true)
    expect([await may(editor), await may(people.admin)]).toEqual([false, false])
  })

  test.each([
    [409, 'action', { model: 'user', action: 'read', scope: 'group' }],
    [409, 'action', { model: 'session', action: 'read', scope: 'group' }],
    [422, 'model', { action: 'read', scope: 'all' }],
    [422, 'model', { model: 'Report', action: 'read', scope: 'all' }],
    [422, 'action', { model: 'report', action: 'read-it', scope: 'all' }],
    [422, 'action', { model: 'report', action: '', scope: 'all' }],
    [422, 'scope', { model: 'report', action: 'read', scope: 'some' }],
    [422, 'builtin', { model: 'report', action: 'read', scope: 'all', builtin: true }],
  ])('is a %i at %s for %j', async (status, path, sent) => {
    const answer = await as(people.owner).post(api(paths.permissions), sent)
    expect([answer.status, answer.json().errors?.[0]?.path], answer.text).toEqual([status, path])
  })

  test('of a new action of a built-in model is the organization’s own; the same twice is a 409', async () => {
    const sent = { model: 'user', action: word(), scope: 'own' }
    expect((await as(people.owner).post(api(paths.permissions), sent)).status).toBe(201)
    const again = await as(people.owner).post(api(paths.permissions), sent)
    expect([again.status, again.json().errors?.[0]?.path]).toEqual([409, 'scope'])
  })
})

describe('what makes a permission what it is', () => {
  const change = (id: string, body: object) => as(people.owner).patch(api(paths.permission(id)), body)

  test('is fixed once it is made', async () => {
    const { model, action, scope } = (await row(target)) as PermissionRecord
    for (const [path, body] of Object.entries({
      model: { model: 'other' },
      action: { action: 'other' },
      scope: { scope: 'all' },
    })) {
      const answer = await change(target, body)
      expect([answer.status, answer.json().errors?.[0]?.path]).toEqual([409, path])
    }
    expect((await change(target, { model, action, scope, category: 'Same' })).status).toBe(200)
  })

  test('of a built-in one only the status changes, and it is not deleted', async () => {
    const id = built('session:read:own')
    for (const path of ['description', 'category', 'action'])
      expect((await change(id, { [path]: 'other' })).json().errors?.[0]?.path).toBe(path)
    expect((await as(people.owner).delete(api(paths.permission(id)))).status).toBe(409)
    expect((await change(id, { status: 'disabled' })).json<PermissionRecord>().status).toBe('disabled')
    expect((await change(id, { status: 'active' })).json<PermissionRecord>().status).toBe('active')
    expect((await browserOf(people.owner).get(paths.permission(id))).text).not.toContain('Delete')
    expect((await browserOf(people.owner).get(paths.permission(target))).text).toContain('Delete')
  })
})

describe('lists', () => {
  const codes = async (query: string) =>
    (await as(looker).get(api(`${paths.permissions}?limit=200${query}`)))
      .json<{ data: PermissionRecord[] }>()
      .data.map(({ code }) => code)

  test('are searched, filtered, sorted and exported', async () => {
    const sessions = await codes('&model=session&builtin=true')
    expect(sessions).toContain('session:read:own')
    expect(sessions).toEqual([...sessions].sort())
    expect(await codes('&q=sess+del')).toEqual(
      expect.arrayContaining(['session:delete:all', 'session:delete:own']),
    )
    expect(await codes('&model=session&sort=-code')).toEqual([...sessions].reverse())
    const code = (await row(target))?.code
    expect(await codes('&builtin=false')).toContain(code)
    expect(await codes('&status=disabled&builtin=true')).toEqual([])
    const csv = await as(looker).get(api(`${paths.permissions}?builtin=false&format=csv`))
    expect(csv.text).toContain(code)
  })

  test('are grouped by model', async () => {
    const path = paths.permissionsOf('session')
    const { data } = (await as(looker).get(api(path))).json<{ data: PermissionRecord[] }>()
    expect(data.map(({ code }) => code)).toEqual(await codes('&model=session'))
    expect((await browserOf(looker).get(path)).text).toContain('session:read:own')
    for (const model of ['nothing', 'Session', '%27', people.org.id])
      await hidden(looker, () => as(looker).get(api(paths.permissionsOf(model))))
    await denied(people.colleague, 'permission:read', () => as(people.colleague).get(api(path)))
  })

  test('and pages show what one may do', async () => {
    const page = await browserOf(editor).get(`${paths.permissions}?model=session`)
    // switched by whoever has it
    expect(page.text).toContain(paths.togglePermission(built('session:read:own')))
    expect(page.text).not.toContain(paths.togglePermission(built('session:read:all')))
    expect((await browserOf(looker).get(paths.permissions)).text).not.toContain('toggle-status')
    const one = await browserOf(people.owner).get(paths.permission(built('session:read:own')))
    expect(one.text).toContain(paths.role(roleOf(people.org, 'owner')))
    expect((await browserOf(looker).get(paths.permission(target))).text).toContain(
      'No roles you have access to',
    )
    expect((await browserOf(people.owner).get(places.history(target))).status).toBe(200)
  })
})

test('bulk does each as the single action would', async () => {
  const ids = [target, built('session:read:own'), built('event:read:all'), editor.id]
  const bulk = async (action: string) =>
    (await as(editor).post(api(places.bulk), { action, ids })).json<{ done: number; refused: number }>()
  expect(await bulk('disable')).toMatchObject({ done: 2, refused: 2 })
  // what is active already is nothing to refuse
  // who has just switched a permission of their own off is told so by another way, a moment later
  await expect.poll(() => bulk('activate')).toMatchObject({ done: 2, unchanged: 1, refused: 1 })
  expect((await row(target))?.status).toBe('active')
  expect((await row(built('event:read:all')))?.status).toBe('active')
})
