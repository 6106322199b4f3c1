import { beforeAll, describe, expect, test } from 'vitest'
import type { Scope } from '#src/access/permission.ts'
import { paths } from '#src/paths.ts'
import { entered, makeSuperadmin } from '#tests/access/entering.ts'
import { denied, hidden } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import {
  addMember,
  assign,
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  type Organization,
  openSession,
  permissionOf,
  roleOf,
  sessionOf,
  unique,
} from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner, db } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

type Because = {
  role: string | null
  inherited_through: (string | null)[]
  permission: string
  scope: Scope
  matched: { column: string | null; group_path?: (string | null)[] }
}
type Explained = {
  allowed: boolean
  because: Because[]
  missing?: { permissions: string[]; roles: string[] }
  asleep?: string[]
}
type Asked = { user?: string; permission?: string; record?: string; request?: string }

const ask = (by: Person, question: Asked) => as(by).get(api(paths.access.why(question)))
const why = async (by: Person, question: Asked) => {
  const answer = await ask(by, question)
  expect(answer.status, answer.text).toBe(200)
  return answer.json<Explained>()
}
const set = (table: 'roles' | 'groups' | 'users', id: string, change: object) =>
  owner.updateTable(table).set(change).where('id', '=', id).execute()
const gone = () => ({ deleted_at: new Date().toISOString() })

let org: Organization
let boss: Person
let target: Person
let [north, sales, reader, clerk]: string[] = []
const names = {
  north: unique('North'),
  sales: unique('Sales'),
  reader: unique('reader'),
  clerk: unique('clerk'),
}
/** A member of Sales by the role clerk, which inherits `user:read:group` from reader. */
let person: Person

beforeAll(async () => {
  org = await makeOrganization()
  sales = await makeGroup(org, { name: names.sales })
  north = await makeGroup(org, { name: names.north, parent: sales })
  reader = await makeRole(org, { name: names.reader, permissions: ['user:read:group'] })
  clerk = await makeRole(org, { name: names.clerk, permissions: ['user:update:own'], parents: [reader] })
  boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  person = await makeUser(org, { roles: [clerk], groups: [sales], first_name: 'Kim', last_name: 'Clerk' })
  target = await makeUser(org, { groups: [north] })
})

describe('yes, because', () => {
  test('of a role, those it inherits from, a permission, a scope, a column and a path of groups', async () => {
    expect(await why(boss, { user: person.id, permission: 'user:read', record: target.id })).toEqual({
      allowed: true,
      because: [
        {
          role: names.clerk,
          inherited_through: [names.reader],
          permission: 'user:read:group',
          scope: 'group',
          matched: { column: 'group_members.group_id', group_path: [names.sales, names.north] },
        },
      ],
    })
  })

  test('of an own record, and of every record', async () => {
    const own = { role: names.clerk, inherited_through: [], permission: 'user:update:own', scope: 'own' }
    expect(await why(boss, { user: person.id, permission: 'user:update', record: person.id })).toEqual({
      allowed: true,
      because: [{ ...own, matched: { column: 'id' } }],
    })
    expect(await why(boss, { permission: 'user:delete', record: target.id })).toEqual({
      allowed: true,
      because: [
        {
          role: 'owner',
          inherited_through: [],
          permission: 'user:delete:all',
          scope: 'all',
          matched: { column: null },
        },
      ],
    })
  })

  test('without a record, of holding it at all', async () => {
    expect(await why(boss, { user: person.id, permission: 'user:update' })).toEqual({
      allowed: true,
      because: [
        {
          role: names.clerk,
          inherited_through: [],
          permission: 'user:update:own',
          scope: 'own',
          matched: { column: null },
        },
      ],
    })
  })

  test('by every way there is, the shortest first', async () => {
    const root = await makeRole(org, {
      name: unique('root'),
      permissions: ['user:read:all', 'user:read:own'],
    })
    const [left, right] = [await makeRole(org, { parents: [root] }), await makeRole(org, { parents: [root] })]
    const leaf = await makeRole(org, { parents: [left, right] })
    const many = await makeUser(org, { roles: [leaf, root] })
    const { because } = await why(boss, { user: many.id, permission: 'user:read', record: many.id })
    expect(because.map((way) => [way.inherited_through.length, way.scope])).toEqual([
      [0, 'all'],
      [0, 'own'],
      [2, 'all'],
      [2, 'own'],
      [2, 'all'],
      [2, 'own'],
    ])
    expect(new Set(because.map((way) => JSON.stringify(way))).size).toBe(6)
  })

  test('and by none that sleeps beside', async () => {
    const [over, off] = [unique('over'), unique('off')]
    const late = await makeRole(org, { name: over, permissions: ['user:read:all'] })
    const disabled = await makeRole(org, { name: off, permissions: ['user:read:all'], status: 'disabled' })
    const one = await makeUser(org, { roles: [reader as string, disabled], groups: [sales as string] })
    await assign(org, one.id, { id: late, expires: '-1 second' })
    const found = await why(boss, { user: one.id, permission: 'user:read', record: target.id })
    expect(found.because.map(({ role }) => role)).toEqual([names.reader])
    expect(found.asleep).toBeUndefined()
  })

  test('also where inheritance is a lattice with more ways than anybody counts', async () => {
    let layer = [await makeRole(org, { permissions: ['event:read:own'] })]
    for (let depth = 0; depth < 7; depth++)
      layer = await Promise.all([1, 2, 3].map(() => makeRole(org, { parents: layer })))
    const climber = await makeUser(org, { roles: layer })
    const { allowed, because } = await why(boss, { user: climber.id, permission: 'event:read' })
    expect(allowed).toBe(true)
    expect(because).toHaveLength(20)
    expect(because.every((way) => way.inherited_through.length === 7)).toBe(true)
  })
})

describe('no, because', () => {
  test('a permission is missing, with the roles that would give it', async () => {
    const found = await why(boss, { user: person.id, permission: 'user:update', record: target.id })
    expect(found).toEqual({
      allowed: false,
      because: [],
      missing: {
        permissions: ['user:update:group', 'user:update:all'],
        roles: ['owner', 'admin'],
      },
    })
    const editor = await makeRole(org, { name: unique('editor'), permissions: ['user:update:group'] })
    const heir = await makeRole(org, { name: unique('heir'), parents: [editor] })
    await makeRole(org, { permissions: ['user:update:group'], status: 'disabled' })
    const { missing } = await why(boss, { user: person.id, permission: 'user:update', record: target.id })
    const added = await owner
      .selectFrom('roles')
      .where('id', 'in', [editor, heir])
      .select('name')
      .orderBy('name')
      .execute()
    expect(missing?.roles).toEqual([...added.map(({ name }) => name), 'owner', 'admin'])
    for (const role of [editor, heir]) await set('roles', role, gone())
  })

  test('nothing narrower reaches a record that is nobody’s', async () => {
    const apart = await makeUser(org)
    const { missing } = await why(boss, { user: person.id, permission: 'user:update', record: apart.id })
    expect(missing).toEqual({ permissions: ['user:update:all'], roles: ['admin', 'owner'] })
    const none = await why(boss, { user: person.id, permission: 'session:delete' })
    expect(none.missing?.permissions).toEqual(['session:delete:own', 'session:delete:all'])
  })

  const asleep = async (of: Person, permission = 'user:read', record = target.id) => {
    const found = await why(boss, { user: of.id, permission, record })
    expect(found).toMatchObject({ allowed: false, because: [] })
    return found.asleep
  }

  test('a role is disabled or deleted, also one above', async () => {
    const above = await makeRole(org, {
      name: unique('above'),
      permissions: ['user:read:all'],
      status: 'disabled',
    })
    const through = await makeUser(org, { roles: [await makeRole(org, { parents: [above] })] })
    const { name } = await owner
      .selectFrom('roles')
      .where('id', '=', above)
      .select('name')
      .executeTakeFirstOrThrow()
    expect(await asleep(through)).toEqual([`The role “${name}” is disabled.`])
    await set('roles', above, { status: 'active', ...gone() })
    expect(await asleep(through)).toEqual([`The role “${name}” is deleted.`])
    await set('roles', above, { deleted_at: null })
    expect((await why(boss, { user: through.id, permission: 'user:read', record: target.id })).allowed).toBe(
      true,
    )
  })

  test('an assignment is over', async () => {
    const late = await makeUser(org)
    await assign(org, late.id, { id: roleOf(org, 'admin'), expires: '-1 second' })
    expect(await asleep(late)).toEqual(['The role “admin” was assigned for a time that is over.'])
  })

  test('a permission is disabled', async () => {
    const place = await makeOrganization()
    const chief = await makeUser(place, { roles: [roleOf(place, 'owner')] })
    const holder = await personWith(place, ['event:read:own'])
    const off = (status: string) =>
      owner
        .updateTable('permissions')
        .set({ status })
        .where('org_id', '=', place.id)
        .where('id', '=', permissionOf(place, 'event:read:own'))
        .execute()
    await off('disabled')
    expect(await why(chief, { user: holder.id, permission: 'event:read' })).toMatchObject({
      allowed: false,
      missing: { permissions: ['event:read:own', 'event:read:all'], roles: ['admin', 'owner'] },
      asleep: ['The permission event:read:own is disabled.'],
    })
    await off('active')
    expect((await why(chief, { user: holder.id, permission: 'event:read' })).allowed).toBe(true)
  })

  test('a group on the way is deleted', async () => {
    const [top, name] = [await makeGroup(org), unique('Middle')]
    const middle = await makeGroup(org, { name, parent: top })
    const bottom = await makeGroup(org, { parent: middle })
    const above = await makeUser(org, { roles: [reader as string], groups: [top] })
    const below = await makeUser(org, { groups: [bottom] })
    const reaches = async () =>
      (await why(boss, { user: above.id, permission: 'user:read', record: below.id })).allowed
    expect(await reaches()).toBe(true)
    await set('groups', middle, gone())
    expect(await asleep(above, 'user:read', below.id)).toEqual([`The group “${name}” is deleted.`])
  })

  test('a viewer of a group only reads', async () => {
    const role = await makeRole(org, { permissions: ['user:read:group', 'user:update:group'] })
    const viewer = await makeUser(org, { roles: [role], groups: [{ id: sales as string, role: 'viewer' }] })
    const both = await Promise.all(
      ['user:read', 'user:update'].map((permission) =>
        why(boss, { user: viewer.id, permission, record: target.id }),
      ),
    )
    expect(both.map(({ allowed }) => allowed)).toEqual([true, false])
    expect(both[1]?.asleep).toEqual([
      `The group “${names.sales}” has them as a viewer, which counts for reading only.`,
    ])
    await addMember(org, viewer.id, north as string)
    expect(
      (await why(boss, { user: viewer.id, permission: 'user:update', record: target.id })).because,
    ).toMatchObject([{ matched: { group_path: [names.north] } }])
  })

  test.each([
    ['disabled', { status: 'disabled' }, 'is disabled'],
    ['invited', { status: 'invited' }, 'was invited and has not signed in yet'],
    ['deleted', { deleted_at: '2026-01-01' }, 'is deleted'],
  ])('the person is %s, and nothing else is missing', async (_, change, says) => {
    const strong = await makeUser(org, {
      roles: [roleOf(org, 'admin')],
      first_name: 'Sam',
      last_name: 'Still',
    })
    await set('users', strong.id, change)
    expect(await why(boss, { user: strong.id, permission: 'user:read', record: target.id })).toEqual({
      allowed: false,
      because: [],
      missing: { permissions: [], roles: [] },
      asleep: [`Sam Still ${says}.`],
    })
  })

  test('the account is disabled', async () => {
    const strong = await makeUser(org, { roles: [roleOf(org, 'admin')] })
    const account = (status: string) =>
      owner.updateTable('accounts').set({ status }).where('id', '=', strong.accountId).execute()
    await account('disabled')
    expect((await asleep(strong))?.[0]).toMatch(/has no account to sign in with, or one that is disabled/)
    expect((await as(strong).get(api(paths.me))).status).not.toBe(200)
    await account('active')
    expect((await why(boss, { user: strong.id, permission: 'user:read' })).allowed).toBe(true)
  })
})

describe('permissions of the organization’s own', () => {
  test('are explained without a record', async () => {
    const place = await makeOrganization()
    const chief = await makeUser(place, { roles: [roleOf(place, 'owner')] })
    const values = { org_id: place.id, model: 'report', action: 'export', scope: 'group' }
    const { id } = await owner
      .insertInto('permissions')
      .values(values)
      .returning('id')
      .executeTakeFirstOrThrow()
    const question = { user: chief.id, permission: 'report:export' }
    expect(await why(chief, question)).toMatchObject({
      allowed: false,
      missing: { permissions: ['report:export:group'], roles: [] },
    })
    const role = await makeRole(place, { name: 'reporter' })
    await owner
      .insertInto('role_permissions')
      .values({ org_id: place.id, role_id: role, permission_id: id })
      .execute()
    await assign(place, chief.id, role)
    expect((await why(chief, question)).because).toEqual([
      {
        role: 'reporter',
        inherited_through: [],
        permission: 'report:export:group',
        scope: 'group',
        matched: { column: null },
      },
    ])
    const answer = await ask(chief, { ...question, record: chief.id })
    expect([answer.status, answer.json().detail]).toEqual([400, expect.stringContaining('record')])
    // and nobody else's
    expect((await ask(boss, { permission: 'report:export' })).status).toBe(400)
  })
})

describe('who may ask', () => {
  test('about oneself everybody who is signed in', async () => {
    const plain = await makeUser(org)
    expect(await why(plain, { permission: 'user:read' })).toMatchObject({ allowed: false, because: [] })
    expect((await why(person, { permission: 'user:read', record: target.id })).allowed).toBe(true)
    expect((await why(person, { user: person.id, permission: 'user:read' })).allowed).toBe(true)
    expect((await why(person, { user: person.username, permission: 'user:read' })).allowed).toBe(true)
  })

  test('about others who may read permissions, and read that person', async () => {
    const question = { user: target.id, permission: 'user:read' }
    await denied(person, 'permission:read', () => ask(person, question))
    const auditor = await personWith(org, ['permission:read:all'])
    await hidden(auditor, () => ask(auditor, question))
    const near = await personWith(org, ['permission:read:all', 'user:read:group'], {
      groups: [north as string],
    })
    expect((await why(near, question)).allowed).toBe(false)
    await hidden(near, () => ask(near, { ...question, user: boss.id }))
    const foreigner = await makeUser(await makeOrganization(), { roles: [] })
    await hidden(boss, () => ask(boss, { ...question, user: foreigner.id }), foreigner.org)
    await hidden(boss, () => ask(boss, { ...question, user: 'nobody-of-this-name' }))
  })

  test('by user name and address, in any spelling', async () => {
    for (const user of [target.username, target.email.toUpperCase(), ` ${target.username} `])
      expect((await why(boss, { user, permission: 'user:read' })).allowed).toBe(false)
  })

  test('only about records that they may read themselves', async () => {
    const question = { user: person.id, permission: 'user:read', record: boss.id }
    const near = await personWith(org, ['permission:read:all', 'user:read:group'], {
      groups: [sales as string],
    })
    await hidden(near, () => ask(near, question))
    expect((await why(boss, question)).allowed).toBe(false)
    await hidden(person, () => ask(person, { permission: 'user:read', record: boss.id }))
    await hidden(boss, () => ask(boss, { ...question, record: '00000000-0000-7000-8000-000000000000' }))
    const blind = await personWith(org, ['permission:read:all'])
    await hidden(blind, () => ask(blind, { permission: 'user:read', record: blind.id }))
  })

  test('and are told names only as far as they may read them', async () => {
    const found = await why(person, { permission: 'user:read', record: target.id })
    expect(found.because).toMatchObject([
      {
        role: names.clerk,
        inherited_through: [null],
        matched: { group_path: [names.sales, null] },
      },
    ])
    const auditor = await personWith(org, ['permission:read:all', 'user:read:all', 'group:read:all'])
    const seen = await ask(auditor, { user: person.id, permission: 'user:read', record: target.id })
    expect(seen.json<Explained>().because).toMatchObject([
      { role: null, inherited_through: [null], matched: { group_path: [names.sales, names.north] } },
    ])
    expect(seen.text).not.toContain(names.reader)
    const { missing } = await why(auditor, { user: person.id, permission: 'user:delete', record: target.id })
    expect(missing).toEqual({ permissions: ['user:delete:group', 'user:delete:all'], roles: [] })
    await set('roles', reader as string, { status: 'disabled' })
    expect(
      (await why(auditor, { user: person.id, permission: 'user:read', record: target.id })).asleep,
    ).toEqual(['A role that you may not see is disabled.'])
    await set('roles', reader as string, { status: 'active' })
  })
})

describe('what is no record for anybody', () => {
  test('is none here either: a session that ended', async () => {
    const [open, over] = [
      await openSession(person, 'token'),
      await openSession(person, 'token', { ends: '-1 second' }),
    ]
    const found = async (token: string) => {
      const record = await sessionOf(token)
      const read = (await as(boss).get(api(paths.session(record)))).status
      const explained = (await ask(boss, { permission: 'session:read', record })).status
      const questions = [{ permission: 'session:read', record }]
      const { answers } = (await as(boss).post(api(paths.access.check), { questions })).json<{
        answers: { allowed: boolean }[]
      }>()
      return [read, explained, answers[0]?.allowed]
    }
    expect(await found(open)).toEqual([200, 200, true])
    expect(await found(over)).toEqual([404, 404, false])
  })

  test('nor is somebody from elsewhere, who may ask about themselves all the same', async () => {
    const superadmin = await makeSuperadmin()
    await entered(superadmin, org)
    const shadow = await owner
      .selectFrom('users')
      .where('shadow_of_user_id', '=', superadmin.id)
      .select('id')
      .executeTakeFirstOrThrow()
    for (const question of [{ user: shadow.id }, { record: shadow.id }])
      expect((await ask(boss, { permission: 'user:read', ...question })).status).toBe(404)
    const questions = [{ permission: 'user:read', record: shadow.id }]
    expect((await as(boss).post(api(paths.access.check), { questions })).text).toContain('"allowed":false')
    expect((await as(boss).post(api(paths.access.check), { user: shadow.id, questions })).status).toBe(404)
    expect(await why(superadmin, { permission: 'user:read', record: target.id })).toEqual({
      allowed: true,
      because: [
        {
          role: 'entered from the platform organization',
          inherited_through: [],
          permission: 'user:read:all',
          scope: 'all',
          matched: { column: null },
        },
      ],
    })
  })
})

describe('a question that makes no sense is a 400 that names it', () => {
  test.each([
    ['permission', { permission: 'user' }],
    ['permission', { permission: 'user:read:all' }],
    ['permission', { permission: 'nothing:read' }],
    ['permission', { permission: 'user:nothing' }],
    ['permission', { permission: "user:read'--" }],
    ['record', { permission: 'user:read', record: '7' }],
    ['request', { request: '7' }],
    ['colour', { permission: 'user:read', colour: 'red' }],
  ])('%s', async (field, question) => {
    const answer = await ask(boss, question as Asked)
    expect(answer.status).toBe(400)
    expect(answer.json().detail).toContain(field)
  })

  test('and a question of nothing gets what can be asked', async () => {
    const { permissions } = (await as(person).get(api(paths.access.explain))).json<{
      permissions: string[]
    }>()
    expect(permissions).toContain('user:read')
  })
})

test('it takes two statements, and a page two more: for the form, and the name of the record', async () => {
  const counted = async (work: () => Promise<unknown>) => {
    const before = db.counted.roundTrips
    await work()
    return db.counted.roundTrips - before
  }
  const question = { user: person.id, permission: 'user:read', record: target.id }
  await ask(boss, question)
  // once the notices of what was made for this are through
  await expect.poll(() => counted(() => ask(boss, question))).toBe(2)
  expect(await counted(() => ask(boss, { user: person.id, permission: 'user:read' }))).toBe(1)
  const browser = browserOf(boss)
  await browser.get(paths.access.explain)
  expect(await counted(() => browser.get(paths.access.why(question)))).toBe(4)
})
