import { beforeEach, describe, expect, test } from 'vitest'
import type { Effect } from '#src/access/effect.ts'
import { paths } from '#src/paths.ts'
import { denied, recorded, state } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import {
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

const { owner, db } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

type Read = {
  roles: { id: string; name: string; status: string; builtin: boolean; version: number }[]
  permissions: { id: string; code: string }[]
  cells: Record<string, Record<string, 'own' | string[]>>
  page: { limit: number; offset: number; total: number }
}
type Change = { role_id: string; permission_id: string; held: boolean }

let org: Organization
let boss: Person
let [base, clerk]: string[] = []
let names: { base: string; clerk: string }
beforeEach(async () => {
  org = await makeOrganization()
  boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  names = { base: unique('base'), clerk: unique('clerk') }
  base = await makeRole(org, { name: names.base, permissions: ['user:read:group'] })
  clerk = await makeRole(org, { name: names.clerk, permissions: ['user:read:own'], parents: [base] })
})

const read = async (by: Person, query = '') => {
  const answer = await as(by).get(`${api(paths.access.matrix)}${query}`)
  expect(answer.status, answer.text).toBe(200)
  return answer.json<Read>()
}
const change = (role: string, code: string, held: boolean): Change => ({
  role_id: role,
  permission_id: permissionOf(org, code),
  held,
})
const save = (by: Person, changes: Change[], more: object = {}) =>
  as(by).post(api(paths.access.matrix), { changes, ...more })
const held = async (role: string) =>
  (
    await owner
      .selectFrom('role_permissions as h')
      .innerJoin('permissions as p', 'p.id', 'h.permission_id')
      .where('h.role_id', '=', role)
      .select('p.code')
      .orderBy('p.code')
      .execute()
  ).map(({ code }) => code)
const form = (changes: Change[], versions: string[] = [], more: Record<string, string> = {}) => ({
  held: changes.filter(({ held }) => held).map((one) => `${one.role_id}:${one.permission_id}`),
  had: changes.filter(({ held }) => !held).map((one) => `${one.role_id}:${one.permission_id}`),
  versions,
  ...more,
})

describe('the matrix', () => {
  test('says what each role has by itself, and whom it inherits the rest from', async () => {
    const found = await read(boss, `?roles=${clerk},${base}`)
    expect(found.roles.map(({ name }) => name)).toEqual([names.base, names.clerk])
    expect(found.cells).toEqual({
      [base as string]: { 'user:read:group': 'own' },
      [clerk as string]: { 'user:read:group': [names.base], 'user:read:own': 'own' },
    })
    expect(found.permissions.map(({ code }) => code)).toEqual([...org.permissions.keys()].sort())
  })

  test('names every role above that holds it, and none that sleeps', async () => {
    const other = await makeRole(org, { name: unique('zother'), permissions: ['user:read:group'] })
    const asleep = await makeRole(org, { permissions: ['user:read:group'], status: 'disabled' })
    const heir = await makeRole(org, { parents: [clerk as string, other, asleep] })
    const { cells } = await read(boss, `?roles=${heir}`)
    expect(cells[heir]?.['user:read:group']).toEqual([names.base, expect.stringContaining('zother')])
    expect(cells[heir]?.['user:read:own']).toEqual([names.clerk])
  })

  test('shows twelve roles at a time, by name, or those that are looked for', async () => {
    for (let i = 0; i < 6; i++) await makeRole(org, { name: `zz ${i}` })
    const total = 10 + 2 + 6
    const first = await read(boss)
    expect([first.roles.length, first.page]).toEqual([12, { limit: 12, offset: 0, total }])
    const next = await read(boss, '?offset=12')
    expect(next.roles.length).toBe(6)
    const all = [...first.roles, ...next.roles].map(({ name }) => name)
    expect(new Set(all).size).toBe(total)
    expect((await read(boss, '?q=ZZ')).roles.map(({ name }) => name)).toEqual(
      [0, 1, 2, 3, 4, 5].map((i) => `zz ${i}`),
    )
    expect(
      (await read(boss, '?model=session')).permissions.every(({ code }) => code.startsWith('session:')),
    ).toBe(true)
    expect((await as(boss).get(`${api(paths.access.matrix)}?roles=x`)).status).toBe(400)
  })

  test('is for who may read roles and permissions', async () => {
    for (const [code, other] of [
      ['role:read:all', 'permission:read'],
      ['permission:read:all', 'role:read'],
    ] as const) {
      const half = await personWith(org, [code])
      await denied(half, other, () => as(half).get(api(paths.access.matrix)))
    }
    const both = await personWith(org, ['role:read:all', 'permission:read:all'])
    expect((await read(both)).roles.length).toBeGreaterThan(3)
    const page = await browserOf(both).get(paths.access.matrix)
    expect(page.text).not.toContain('type="checkbox" name="held"')
    expect((await browserOf(boss).get(paths.access.matrix)).text).toContain('type="checkbox" name="held"')
  })
})

describe('a change', () => {
  test('gives and takes, says who gains and loses, and is in the trail', async () => {
    const person = await makeUser(org, { roles: [clerk as string], last_name: 'Kim' })
    const changes = [
      change(clerk as string, 'event:read:own', true),
      change(base as string, 'user:read:group', false),
    ]
    const answer = await save(boss, changes)
    expect(answer.status, answer.text).toBe(200)
    const one = { count: 1, users: [{ id: person.id, name: 'Kim' }] }
    const none = { count: 0, users: [] }
    expect(answer.json()).toEqual({
      effects: [
        { permission: 'event:read:own', gains: one, loses: none },
        { permission: 'user:read:group', gains: none, loses: one },
      ],
    })
    expect(await held(clerk as string)).toEqual(['event:read:own', 'user:read:own'])
    expect(await held(base as string)).toEqual([])
    const lines = await recorded(boss, answer, 'api')
    const effects = lines.filter(({ action }) => action === 'role:effect')
    expect(effects.map(({ target_id }) => target_id).sort()).toEqual([base, clerk].sort())
    expect(effects[0]?.data).toMatchObject({
      gains: { 'event:read:own': 1 },
      loses: { 'user:read:group': 1 },
    })
    expect(lines.map(({ action }) => action)).toContain('role_permission:create')
    expect(lines.map(({ action }) => action)).toContain('role_permission:delete')
  })

  test('is only tried by a dry run', async () => {
    await makeUser(org, { roles: [clerk as string] })
    const before = await state(org)
    const changes = [change(clerk as string, 'event:read:own', true)]
    const answer = await save(boss, changes, { dry_run: true })
    expect(answer.json<{ effects: Effect[] }>().effects).toMatchObject([
      { permission: 'event:read:own', gains: { count: 1 } },
    ])
    expect(await state(org)).toEqual(before)
    expect(await recorded(boss, answer, 'api')).toEqual([])
    // what was tried is what comes
    expect((await save(boss, changes)).text).toBe(answer.text)
  })

  test('of what is so already changes nothing', async () => {
    const before = await state(org)
    const answer = await save(boss, [change(clerk as string, 'user:read:own', true)])
    expect([answer.status, answer.json()]).toEqual([200, { effects: [] }])
    expect(await state(org)).toEqual(before)
  })

  test('goes by two pages: what changes, and then the save', async () => {
    const person = await makeUser(org, { roles: [clerk as string], last_name: 'Kim' })
    const browser = browserOf(boss)
    const [role] = (await read(boss, `?roles=${clerk}`)).roles
    const fields = form([change(clerk as string, 'event:read:own', true)], [`${clerk}:${role?.version}`])
    const preview = await browser.post(paths.access.matrix, {
      ...fields,
      dry_run: 'true',
      back: `roles=${clerk}`,
    })
    expect(preview.status, preview.text).toBe(200)
    for (const text of ['Nothing is saved yet', 'event:read:own', '1 person', 'Kim', paths.user(person.id)])
      expect(preview.text).toContain(text)
    expect(await held(clerk as string)).toEqual(['user:read:own'])
    const saved = await browser.post(paths.access.matrix, { ...fields, back: `roles=${clerk}` })
    expect([saved.status, saved.headers.get('location')]).toEqual([
      303,
      `${paths.access.matrix}?roles=${clerk}`,
    ])
    expect(await held(clerk as string)).toEqual(['event:read:own', 'user:read:own'])
  })

  test('of nothing is said to be none', async () => {
    const page = await browserOf(boss).post(paths.access.matrix, { dry_run: 'true', versions: [] })
    expect(page.status).toBe(422)
    expect(page.text).toContain('has no change')
  })
})

describe('a change is refused', () => {
  const nothing = async (attempt: () => ReturnType<typeof save>, status: number) => {
    const before = await state(org)
    const answer = await attempt()
    expect(answer.status, answer.text).toBe(status)
    expect(await state(org)).toEqual(before)
    return answer
  }

  test('to who may not change roles, and to who reads no roles', async () => {
    const reader = await personWith(org, ['role:read:all', 'permission:read:all', 'user:read:own'])
    await denied(reader, 'role:update', () => save(reader, [change(clerk as string, 'user:read:own', false)]))
  })

  test('where it gives or takes what the actor doesn’t have', async () => {
    const held = [
      'role:read:all',
      'permission:read:all',
      'role:update:all',
      'user:read:all',
      'user:read:own',
      'user:read:group',
    ]
    const by = await personWith(org, held)
    // given, and taken
    await denied(by, 'role:assign', () => save(by, [change(clerk as string, 'event:read:own', true)]))
    const strong = await makeRole(org, { permissions: ['event:read:own'] })
    await denied(by, 'role:assign', () => save(by, [change(strong, 'event:read:own', false)]))
    // to oneself as well
    const mine = await makeRole(org, { permissions: ['user:read:own'] })
    await owner.insertInto('user_roles').values({ org_id: org.id, user_id: by.id, role_id: mine }).execute()
    await denied(by, 'role:assign', () => save(by, [change(mine, 'user:delete:all', true)]))
    // one among several refuses all
    const both = [
      change(clerk as string, 'user:read:all', true),
      change(clerk as string, 'event:read:own', true),
    ]
    await denied(by, 'role:assign', () => save(by, both))
    expect((await save(by, both.slice(0, 1))).status).toBe(200)
    expect((await save(by, [change(clerk as string, 'user:read:all', false)])).status).toBe(200)
  })

  test('of roles that always have everything', async () => {
    const fixed = await nothing(
      () => save(boss, [change(roleOf(org, 'owner'), 'event:read:own', false)]),
      409,
    )
    expect(fixed.json().errors?.[0]?.path).toBe('changes.0.role_id')
    expect((await save(boss, [change(roleOf(org, 'admin'), 'event:read:own', true)])).status).toBe(200)
  })

  test('of what is no role or permission here', async () => {
    const other = await makeOrganization()
    const foreign = await makeRole(other)
    const role = change(clerk as string, 'event:read:own', true)
    for (const [wrong, path] of [
      [{ ...role, role_id: foreign }, 'changes.1.role_id'],
      [{ ...role, role_id: boss.id }, 'changes.1.role_id'],
      [{ ...role, permission_id: permissionOf(other, 'event:read:own') }, 'changes.1.permission_id'],
    ] as const) {
      const answer = await nothing(() => save(boss, [role, wrong]), 422)
      expect(answer.json().errors?.[0]?.path).toBe(path)
    }
    const gone = await makeRole(org)
    await owner
      .updateTable('roles')
      .set({ deleted_at: new Date().toISOString() })
      .where('id', '=', gone)
      .execute()
    await nothing(() => save(boss, [change(gone, 'event:read:own', true)]), 422)
  })

  test('that would leave nobody who administers roles for good', async () => {
    const lone = await makeOrganization()
    const role = await makeRole(lone, {
      permissions: ['role:update:all', 'role:read:all', 'permission:read:all'],
    })
    const last = await makeUser(lone, { roles: [role] })
    const attempt = { role_id: role, permission_id: permissionOf(lone, 'role:update:all'), held: false }
    for (const dry_run of [true, false]) {
      const answer = await save(last, [attempt], { dry_run })
      expect([answer.status, answer.json().detail]).toEqual([409, expect.stringContaining('administer')])
    }
    await makeUser(lone, { roles: [roleOf(lone, 'owner')] })
    expect((await save(last, [attempt])).status).toBe(200)
  })

  test('when somebody changed the role meanwhile: the form comes again as it was ticked', async () => {
    const { version } = (await read(boss, `?roles=${clerk}`)).roles[0] ?? { version: 0 }
    const changes = [change(clerk as string, 'event:read:own', true)]
    expect((await save(boss, [change(clerk as string, 'session:read:own', true)])).status).toBe(200)
    const answer = await nothing(() => save(boss, changes, { versions: { [clerk as string]: version } }), 412)
    expect(
      answer.json<{ current: { roles: { id: string; version: number }[] } }>().current.roles,
    ).toMatchObject([{ id: clerk, version: version + 1 }])
    const page = await browserOf(boss).post(paths.access.matrix, {
      ...form(changes, [`${clerk}:${version}`]),
      back: `roles=${clerk}`,
    })
    expect(page.status).toBe(412)
    expect(page.text).toMatch(new RegExp(`value="${clerk}:${permissionOf(org, 'event:read:own')}" checked`))
    expect(page.text).toContain(`value="${clerk}:${version + 1}"`)
    expect((await save(boss, changes, { versions: { [clerk as string]: version + 1 } })).status).toBe(200)
  })
})

test('of fifty saves of one version at once one is kept', async () => {
  const { version } = (await read(boss, `?roles=${clerk}`)).roles[0] ?? { version: 0 }
  const codes = ['event:read:own', 'session:read:own', 'group:read:own', 'user:update:own']
  const attempts = Array.from({ length: 50 }, (_, i) =>
    save(boss, [change(clerk as string, codes[i % 4] as string, true)], {
      versions: { [clerk as string]: version },
    }),
  )
  const statuses = (await Promise.all(attempts)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(statuses.filter((status) => status === 412)).toHaveLength(49)
  expect(await held(clerk as string)).toHaveLength(2)
})

describe('two roles', () => {
  type Both = {
    roles: { id: string; name: string }[]
    data: { code: string; cells: ('own' | string[] | null)[] }[]
  }
  const compare = (by: Person, a: string, b: string) => as(by).get(`${api(paths.compareRoles)}?a=${a}&b=${b}`)

  test('stand side by side, with what they inherit', async () => {
    const other = await makeRole(org, {
      name: unique('other'),
      permissions: ['user:read:own', 'event:read:own'],
    })
    const both = (await compare(boss, other, clerk as string)).json<Both>()
    expect(both.roles.map(({ id }) => id)).toEqual([other, clerk])
    expect(both.data.map(({ code, cells }) => [code, ...cells])).toEqual([
      ['event:read:own', 'own', null],
      ['user:read:group', null, [names.base]],
      ['user:read:own', 'own', 'own'],
    ])
    const page = await browserOf(boss).get(`${paths.compareRoles}?a=${other}&b=${clerk}`)
    expect(page.text).toContain(`Only ${names.clerk} (1)`)
    expect(page.text).toContain(`${names.clerk} inherits it from ${names.base}`)
    expect((await browserOf(boss).get(paths.compareRoles)).text).toContain('Compare roles')
  })

  test('only where both can be read', async () => {
    const foreign = await makeRole(await makeOrganization())
    expect((await compare(boss, clerk as string, foreign)).status).toBe(404)
    const half = await personWith(org, ['role:read:all'])
    await denied(half, 'permission:read', () => compare(half, clerk as string, base as string))
  })
})

test('it takes one statement to read', async () => {
  const counted = async () => {
    const before = db.counted.roundTrips
    await read(boss)
    return db.counted.roundTrips - before
  }
  // once the notices of what was made for this are through
  await expect.poll(counted).toBe(1)
})
