import { beforeAll, describe, expect, test } from 'vitest'
import type { UserRecord } from '#src/domains/people/users/model.ts'
import { paths } from '#src/paths.ts'
import { denied, hidden } from '#tests/access/trail.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import {
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  type Organization,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

let org: Organization
/** top ⊃ middle ⊃ bottom, and beside them. */
let [top, middle, bottom, beside] = ['', '', '', '']
const everybody = { top: {} as Person, middle: {} as Person, bottom: {} as Person, beside: {} as Person }

beforeAll(async () => {
  org = await makeOrganization()
  top = await makeGroup(org)
  middle = await makeGroup(org, { parent: top, kind: 'team' })
  bottom = await makeGroup(org, { parent: middle, kind: 'warehouse' })
  beside = await makeGroup(org)
  everybody.top = await makeUser(org, { groups: [top] })
  everybody.middle = await makeUser(org, { groups: [middle] })
  everybody.bottom = await makeUser(org, { groups: [bottom] })
  everybody.beside = await makeUser(org, { groups: [beside] })
})

const get = (by: Person, id: string) => as(by).get(api(paths.user(id)))
const change = (by: Person, id: string, body: object = { locale: 'de' }) =>
  as(by).patch(api(paths.user(id)), body)
const create = (by: Person, groups: object[] = [], more: object = {}) => {
  const username = unique('new')
  return as(by).post(api(paths.users), { username, email: `${username}@example.com`, groups, ...more })
}
const listed = async (by: Person): Promise<string[]> => {
  const answer = await as(by).get(`${api(paths.users)}?limit=200`)
  expect(answer.status).toBe(200)
  return answer.json<{ data: UserRecord[] }>().data.map(({ id }) => id)
}
/** Who of everybody is in the list, by name. */
const seenBy = async (by: Person) => {
  const ids = await listed(by)
  return Object.entries(everybody).flatMap(([name, { id }]) => (ids.includes(id) ? [name] : []))
}
const reader = (...groups: NonNullable<Parameters<typeof makeUser>[1]>['groups'] & object) =>
  personWith(org, ['user:read:group'], { groups })

describe('the group scope', () => {
  test('reaches the own group and those beneath it, not those above or beside', async () => {
    expect(await seenBy(await reader(top))).toEqual(['top', 'middle', 'bottom'])
    expect(await seenBy(await reader(middle))).toEqual(['middle', 'bottom'])
    expect(await seenBy(await reader(bottom))).toEqual(['bottom'])
    expect(await seenBy(await reader(bottom, beside))).toEqual(['bottom', 'beside'])
  })

  test('of nobody’s group is nothing, not even oneself', async () => {
    const loner = await reader()
    expect(await listed(loner)).toEqual([])
    await hidden(loner, () => get(loner, loner.id))
  })

  test('follows who owns a record, beside membership', async () => {
    const handed = await makeUser(org)
    const [by, mine] = [await reader(middle), await personWith(org, ['user:read:own'])]
    expect(await listed(by)).not.toContain(handed.id)
    await owner
      .updateTable('users')
      .set({ owner_group_id: bottom, owner_user_id: mine.id })
      .where('id', '=', handed.id)
      .execute()
    expect(await listed(by)).toContain(handed.id)
    expect((await listed(mine)).sort()).toEqual([mine.id, handed.id].sort())
  })

  test('ends at a deleted group, and so does everything beneath', async () => {
    const [root, gone] = [await makeGroup(org), await makeGroup(org)]
    const leaf = await makeGroup(org, { parent: gone })
    await owner.updateTable('groups').set({ parent_id: root }).where('id', '=', gone).execute()
    const below = await makeUser(org, { groups: [leaf] })
    const by = await reader(root)
    expect(await listed(by)).toContain(below.id)
    await owner
      .updateTable('groups')
      .set({ deleted_at: new Date().toISOString() })
      .where('id', '=', gone)
      .execute()
    await expect.poll(() => listed(by), { timeout: 1000 }).not.toContain(below.id)
    await hidden(by, () => get(by, below.id))
  })

  test('goes with the own group, until that comes back', async () => {
    const own = await makeGroup(org)
    const leaf = await makeGroup(org, { parent: own })
    const people = await Promise.all([own, leaf].map((group) => makeUser(org, { groups: [group] })))
    const by = await reader(own)
    const turn = (deleted_at: string | null) =>
      owner.updateTable('groups').set({ deleted_at }).where('id', '=', own).execute()
    const everybody = [by, ...people].map(({ id }) => id).sort()
    const seen = async () => (await listed(by)).sort()
    expect(await seen()).toEqual(everybody)
    await turn(new Date().toISOString())
    await expect.poll(seen, { timeout: 1000 }).toEqual([])
    await turn(null)
    await expect.poll(seen, { timeout: 1000 }).toEqual(everybody)
  })

  test('unites with own, and all covers both', async () => {
    const both = await personWith(org, ['user:read:group', 'user:read:own'], { groups: [] })
    expect(await listed(both)).toEqual([both.id])
    const all = await personWith(org, ['user:read:group', 'user:read:all'])
    expect(await seenBy(all)).toEqual(['top', 'middle', 'bottom', 'beside'])
  })
})

describe('a viewer’s membership', () => {
  const writer = (role: 'viewer' | 'member' | 'lead') =>
    personWith(org, ['user:create:group', 'user:read:group', 'user:update:group', 'user:delete:group'], {
      groups: [{ id: middle, role }],
    })

  test('counts for reading and for nothing else, in groups beneath too', async () => {
    const by = await writer('viewer')
    expect(await seenBy(by)).toEqual(['middle', 'bottom'])
    for (const { id } of [everybody.middle, everybody.bottom]) {
      await denied(by, 'user:update', () => change(by, id))
      await denied(by, 'user:delete', () => as(by).delete(api(paths.user(id))))
    }
    await hidden(by, () => change(by, everybody.top.id))
    for (const id of [middle, bottom]) await denied(by, 'group:update', () => create(by, [{ id }]))
  })

  test.each(['member', 'lead'] as const)('and a %s’s counts for writing', async (role) => {
    const by = await writer(role)
    expect((await change(by, everybody.bottom.id)).status).toBe(200)
    expect((await create(by, [{ id: bottom }])).status).toBe(201)
    await hidden(by, () => change(by, everybody.top.id))
  })

  test('above a member’s leaves what the member may write', async () => {
    const permissions = ['user:read:group', 'user:update:group']
    const groups = [{ id: top, role: 'viewer' as const }, bottom]
    const by = await personWith(org, permissions, { groups })
    expect((await change(by, everybody.bottom.id)).status).toBe(200)
    await denied(by, 'user:update', () => change(by, everybody.middle.id))
  })
})

describe('creating', () => {
  test('within groups takes every group to be one’s own', async () => {
    const by = await personWith(org, ['user:create:group', 'user:read:group'], { groups: [middle] })
    expect((await create(by, [{ id: middle }, { id: bottom, role: 'viewer' }])).status).toBe(201)
    for (const groups of [[top], [beside], [middle, beside], [beside, middle]])
      await denied(by, 'group:update', () =>
        create(
          by,
          groups.map((id) => ({ id })),
        ),
      )
    await denied(by, 'user:create', () => create(by))
  })

  test('for oneself alone is creating nobody', async () => {
    const by = await personWith(org, ['user:create:own', 'user:read:all'], { groups: [middle] })
    await denied(by, 'user:create', () => create(by))
    await denied(by, 'group:update', () => create(by, [{ id: middle }]))
  })

  test('everywhere still takes the right to change a group', async () => {
    const by = await personWith(org, ['user:create:all', 'user:read:all'])
    expect((await create(by)).status).toBe(201)
    await denied(by, 'group:update', () => create(by, [{ id: beside }]))
    const groups = await personWith(org, ['user:create:all', 'user:read:all', 'group:update:all'])
    expect((await create(groups, [{ id: beside }])).status).toBe(201)
  })
})

describe('what is readable and not changeable', () => {
  test('is a 403; what is neither, a 404; what is changeable works, readable or not', async () => {
    const by = await personWith(org, ['user:read:all', 'user:update:group', 'user:delete:own'], {
      groups: [bottom],
    })
    expect((await change(by, everybody.bottom.id)).status).toBe(200)
    await denied(by, 'user:update', () => change(by, everybody.beside.id))
    await denied(by, 'user:delete', () => as(by).delete(api(paths.user(everybody.bottom.id))))
    await denied(by, 'user:delete', () => browserOf(by).delete(paths.user(everybody.bottom.id)))
    const narrow = await personWith(org, ['user:read:own', 'user:update:all'], { groups: [bottom] })
    expect((await change(narrow, everybody.bottom.id)).status).toBe(200)
    const own = await personWith(org, ['user:read:own', 'user:update:own'], { groups: [bottom] })
    await hidden(own, () => change(own, everybody.bottom.id))
  })
})

describe('a body that names what is not the writer’s to say', () => {
  const fields = [
    'org_id',
    'id',
    'account_id',
    'created_by',
    'created_at',
    'owner_user_id',
    'owner_group_id',
    'deleted_at',
    'roles',
    'password_hash',
  ]
  test.each([...fields, 'version'])('is refused for %s, whoever sends it', async (field) => {
    const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    const row = () =>
      owner.selectFrom('users').where('id', '=', everybody.beside.id).selectAll().executeTakeFirst()
    const before = await row()
    const body = { [field]: beside }
    const answers: Answer[] = [await change(boss, everybody.beside.id, body), await create(boss, [], body)]
    if (field !== 'version') answers.push(await browserOf(boss).patch(paths.user(everybody.beside.id), body))
    for (const answer of answers) {
      expect(answer.status).toBe(422)
      expect(answer.text).toContain(field)
    }
    expect(await row()).toEqual(before)
  })
})

describe('roles and groups within a record', () => {
  let shown: Person
  let role: string
  beforeAll(async () => {
    role = await makeRole(org, { name: 'Keeper of keys', permissions: ['user:read:own'] })
    shown = await makeUser(org, { roles: [role], groups: [middle, beside] })
  })
  const record = async (by: Person) => (await get(by, shown.id)).json<UserRecord>()

  test('are those that the reader may see, in the record and in the list', async () => {
    const plain = await personWith(org, ['user:read:all'])
    expect(await record(plain)).toMatchObject({ roles: [], groups: [] })
    const roles = await personWith(org, ['user:read:all', 'role:read:all'])
    expect(await record(roles)).toMatchObject({ roles: [{ id: role, name: 'Keeper of keys' }], groups: [] })
    const groups = await personWith(org, ['user:read:all', 'group:read:group'], { groups: [top] })
    expect((await record(groups)).groups.map(({ id }) => id)).toEqual([middle])
    const all = await personWith(org, ['user:read:all', 'group:read:all'])
    expect((await record(all)).groups.map(({ id }) => id).sort()).toEqual([middle, beside].sort())
    const rows = (await as(groups).get(`${api(paths.users)}?limit=200`)).json<{ data: UserRecord[] }>().data
    expect(rows.find(({ id }) => id === shown.id)?.groups.map(({ id }) => id)).toEqual([middle])
    expect((await browserOf(plain).get(paths.user(shown.id))).text).not.toContain('Keeper of keys')
    expect((await browserOf(roles).get(paths.user(shown.id))).text).toContain('Keeper of keys')
  })

  test('are all of them for one’s own record', async () => {
    const self = await personWith(org, ['user:read:own'], { groups: [beside] })
    const mine = (await get(self, self.id)).json<UserRecord>()
    expect([mine.roles.length, mine.groups.map(({ id }) => id)]).toEqual([1, [beside]])
  })
})
