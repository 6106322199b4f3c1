import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { type Asked, ask, stage, why } from '#tests/access/explaining.ts'
import { as, browserOf } from '#tests/client.ts'
import { assign, makeOrganization, makeRole, makeUser, roleOf, unique } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner, db } = await testDatabase()
const { org, boss, target, sales, reader, names, person } = await stage()
const api = (path: string) => `/api/v1${path}`

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
    const one = await makeUser(org, { roles: [reader, disabled], groups: [sales] })
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

test('a page says it in words, with the code beside', async () => {
  const said = async (question: object) =>
    /<p class="verdict-line">.*?<span>(.*?)<\/span>/s
      .exec((await browserOf(boss).get(paths.access.why(question as never))).text)?.[1]
      ?.replace(/<[^>]*>/g, '')
  const about = { user: person.id, permission: 'user:read' }
  expect(await said({ ...about, record: target.id })).toMatch(
    new RegExp(` can view ${target.username} user:read$`),
  )
  expect(await said(about)).toMatch(/ can view people user:read$/)
  expect(await said({ user: person.id, permission: 'organization:enter' })).toMatch(
    / can’t open organizations organization:enter$/,
  )
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
  await expect.poll(() => counted(() => ask(boss, question)), { timeout: 5000 }).toBe(2)
  expect(await counted(() => ask(boss, { user: person.id, permission: 'user:read' }))).toBe(1)
  const browser = browserOf(boss)
  await browser.get(paths.access.explain)
  expect(await counted(() => browser.get(paths.access.why(question)))).toBe(4)
})
