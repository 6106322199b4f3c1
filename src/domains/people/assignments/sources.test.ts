import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { trail } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import {
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  type Organization,
  roleOf,
} from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
const FAR = '2100-01-01T00:00:00Z'

let org: Organization
let boss: Person
let role: string
beforeAll(async () => {
  org = await makeOrganization()
  boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
  role = await makeRole(org, { name: 'Reader', permissions: ['group:read:all'] })
})

type Held = { source: string; begins_at?: unknown; expires_at?: string }
const give = (user: Person, ...rows: Held[]) =>
  owner
    .insertInto('user_roles')
    .values(rows.map((row) => ({ org_id: org.id, user_id: user.id, role_id: role, ...row })) as never)
    .execute()
const put = (user: Person, group: string, ...rows: { source: string; role: string; begins_at?: string }[]) =>
  owner
    .insertInto('group_members')
    .values(rows.map((row) => ({ org_id: org.id, user_id: user.id, group_id: group, ...row })))
    .execute()
const sourcesOf = async (user: Person) =>
  (
    await owner
      .selectFrom('user_roles')
      .where('user_id', '=', user.id)
      .orderBy('source')
      .select('source')
      .execute()
  ).map(({ source }) => source)
type Shown = { roles: { id: string; expires_at?: string }[]; groups: { id: string; role: string }[] }
const shown = async (user: Person) => (await as(boss).get(api(paths.user(user.id)))).json<Shown>()

/** Rights are remembered until the database tells that they changed, or something begins. */
async function comesToRead(user: Person): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await as(user).get(api(paths.groups))).status === 200) return true
    await sleep(50)
  }
  return false
}

describe('a role by several sources', () => {
  test('is had once, until the last of them ends', async () => {
    const kim = await makeUser(org)
    await give(
      kim,
      { source: 'manual', expires_at: '2090-01-01T00:00:00Z' },
      { source: 'scim', expires_at: FAR },
    )
    expect((await shown(kim)).roles).toMatchObject([{ id: role, expires_at: expect.stringMatching(/^2100/) }])
    const { data } = (await as(boss).get(api(paths.userRoles(kim.id)))).json<{ data: object[] }>()
    expect(data).toMatchObject([
      { role: { id: role }, begins_at: null, expires_at: expect.stringMatching(/^2100/) },
    ])
    await give(kim, { source: 'oidc' })
    expect((await shown(kim)).roles).toEqual([{ id: role, name: 'Reader' }])
    const page = (await browserOf(boss).get(paths.role(role))).text
    expect(page.split(paths.user(kim.id)).length - 1).toBe(1)
  })

  test('is given and changed by hand beside the others, and taken away from all', async () => {
    const kim = await makeUser(org)
    await give(kim, { source: 'scim' })
    const given = await as(boss).post(api(paths.userRole(kim.id, role)), {
      expires_at: FAR,
      reason: 'Covers',
    })
    expect(given.status, given.text).toBeLessThan(300)
    expect(await sourcesOf(kim)).toEqual(['manual', 'scim'])
    const again = await as(boss).post(api(paths.userRole(kim.id, role)), { reason: 'Still covers' })
    expect(again.status).toBeLessThan(300)
    expect(await sourcesOf(kim)).toEqual(['manual', 'scim'])
    const lines = (await trail(org, { target: kim.id })).filter(
      ({ target_type }) => target_type === 'user_role',
    )
    expect(lines.map(({ data }) => data.after?.source)).toEqual(['scim', 'manual', 'manual'])
    expect((await as(boss).delete(api(paths.userRole(kim.id, role)))).status).toBeLessThan(300)
    expect(await sourcesOf(kim)).toEqual([])
    expect((await as(kim).get(api(paths.groups))).status).toBe(403)
  })
})

describe('what begins later', () => {
  test('gives nothing before, and is there the moment it begins', async () => {
    const kim = await makeUser(org)
    await give(kim, { source: 'manual', begins_at: sql`now() + interval '2 seconds'` })
    expect((await as(kim).get(api(paths.groups))).status).toBe(403)
    expect((await shown(kim)).roles).toEqual([])
    const listed = await as(boss).get(api(paths.userRoles(kim.id)))
    expect(listed.json()).toMatchObject({ data: [{ role: { id: role }, begins_at: expect.any(String) }] })
    expect(await comesToRead(kim)).toBe(true)
    expect((await shown(kim)).roles).toMatchObject([{ id: role }])
  })

  test('is there before where somebody gives it by hand', async () => {
    const kim = await makeUser(org)
    await give(kim, { source: 'manual', begins_at: FAR })
    expect((await as(kim).get(api(paths.groups))).status).toBe(403)
    await as(boss).post(api(paths.userRole(kim.id, role)), {})
    expect(await comesToRead(kim)).toBe(true)
  })

  test('leaves nobody without an administrator until then', async () => {
    const place = await makeOrganization()
    const [last, next] = [
      await makeUser(place, { roles: [roleOf(place, 'owner')] }),
      await makeUser(place, { roles: [roleOf(place, 'owner')] }),
    ]
    const now = owner.updateTable('user_roles').where('user_id', '=', next.id)
    await now.set({ begins_at: FAR }).execute()
    const disable = () => as(last).post(api('/users/bulk'), { action: 'disable', ids: [last.id, next.id] })
    await disable()
    const state = async () =>
      (await owner.selectFrom('users').where('id', '=', last.id).select('status').executeTakeFirstOrThrow())
        .status
    expect(await state()).toBe('active')
  })
})

describe('a group by several sources', () => {
  test('has somebody once, in the strongest role, and counts them once', async () => {
    const [kim, ada] = [await makeUser(org), await makeUser(org)]
    const group = await makeGroup(org)
    await put(kim, group, { source: 'manual', role: 'viewer' })
    await put(kim, group, { source: 'scim', role: 'lead' })
    await put(ada, group, { source: 'scim', role: 'member' }, { source: 'manual', role: 'viewer' })
    type Members = { data: { user: { id: string }; role: string }[]; page: { total: number } }
    const members = (await as(boss).get(api(paths.groupMembers(paths.groups, group)))).json<Members>()
    expect(new Map(members.data.map(({ user, role }) => [user.id, role]))).toEqual(
      new Map([
        [kim.id, 'lead'],
        [ada.id, 'member'],
      ]),
    )
    expect([members.data.length, members.page.total]).toEqual([2, 2])
    expect((await shown(kim)).groups).toMatchObject([{ id: group, role: 'lead' }])
    const count = async () =>
      (await as(boss).get(api(paths.group(group)))).json<{ members_count: number }>().members_count
    expect(await count()).toBe(2)
    await owner
      .deleteFrom('group_members')
      .where('group_id', '=', group)
      .where('source', '=', 'scim')
      .execute()
    expect(await count()).toBe(2)
    expect((await as(boss).delete(api(paths.groupMember(paths.groups, group, kim.id)))).status).toBe(204)
    expect(await count()).toBe(1)
  })

  test('shows and reaches nobody who comes later', async () => {
    const reads = await makeRole(org, { permissions: ['user:read:group', 'group:read:all'] })
    const [lead, kim] = [await makeUser(org, { roles: [reads] }), await makeUser(org)]
    const group = await makeGroup(org)
    await put(lead, group, { source: 'manual', role: 'lead' })
    await put(kim, group, { source: 'manual', role: 'member', begins_at: FAR })
    expect((await as(lead).get(api(paths.user(kim.id)))).status).toBe(404)
    const page = await browserOf(boss).get(paths.groupMembers(paths.groups, group))
    expect(page.text).not.toContain(kim.username)
    await as(boss).put(api(paths.groupMember(paths.groups, group, kim.id)), { role: 'member' })
    expect((await as(lead).get(api(paths.user(kim.id)))).status).toBe(200)
  })
})
