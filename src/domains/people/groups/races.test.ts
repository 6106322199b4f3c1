import { expect, test } from 'vitest'
import { asSystem } from '#src/access/system.ts'
import { paths } from '#src/paths.ts'
import { as } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeUser, roleOf } from '#tests/factories.ts'
import type { Person } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past, db } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
const org = await makeOrganization()
const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
const member = (group: string, who: Person) => api(paths.groupMember(paths.groups, group, who.id))
const statuses = async (requests: Promise<{ status: number }>[]) =>
  (await Promise.all(requests)).map(({ status }) => status).sort()
const ROUNDS = 8

test('of two moves that together close a circle, one wins', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const ids = [await makeGroup(org), await makeGroup(org), await makeGroup(org)]
    const beneathNext = ids.map((id, n) =>
      as(boss).patch(api(paths.group(id)), { parent_id: ids[(n + 1) % ids.length] }),
    )
    expect(await statuses(beneathNext)).toEqual([200, 200, 409])
    const rows = await past.selectFrom('groups').where('id', 'in', ids).select('parent_id').execute()
    expect(rows.filter(({ parent_id }) => parent_id === null)).toHaveLength(1)
  }
})

test('the database closes no circle either, whatever statement it gets', async () => {
  const top = await makeGroup(org)
  const leaf = await makeGroup(org, { parent: await makeGroup(org, { parent: top }) })
  const beneath = (parent_id: string) =>
    asSystem(db, org.id, 'test', (tx) =>
      tx.updateTable('groups').set({ parent_id }).where('id', '=', top).execute(),
    )
  await expect(beneath(leaf)).rejects.toMatchObject({ constraint: 'groups_acyclic' })
  await beneath(await makeGroup(org))
})

test('of two leads who leave at once, one stays', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const group = await makeGroup(org)
    const lead = () => makeUser(org, { groups: [{ id: group, role: 'lead' }] })
    const [one, other] = [await lead(), await lead()]
    const leave = [
      as(one).delete(member(group, one)),
      as(other).put(member(group, other), { role: 'viewer' }),
    ]
    expect([
      [200, 409],
      [204, 409],
    ]).toContainEqual(await statuses(leave))
    const rows = await past.selectFrom('group_members').where('group_id', '=', group).selectAll().execute()
    expect(rows.filter(({ role }) => role === 'lead')).toHaveLength(1)
  }
})

test('whoever is put into a group and deleted at once is counted as they end up', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const groups = [await makeGroup(org), await makeGroup(org)]
    const who = await makeUser(org)
    const others = [await makeUser(org), await makeUser(org)]
    const all = await statuses([
      ...groups.map((group) => as(boss).put(member(group, who), { role: 'member' })),
      as(boss).delete(api(paths.user(who.id))),
      ...others.flatMap((one) => groups.map((group) => as(boss).put(member(group, one), { role: 'member' }))),
    ])
    expect(all.every((status) => [200, 204, 404].includes(status))).toBe(true)
    const rows = await past.selectFrom('groups').where('id', 'in', groups).select('members_count').execute()
    expect(rows.map(({ members_count }) => members_count)).toEqual([2, 2])
  }
})

test('the same change sent many times at once is made once', async () => {
  const group = await makeGroup(org)
  const who = await makeUser(org)
  const sent = Array.from({ length: 10 }, () => as(boss).put(member(group, who), { role: 'member' }))
  expect(new Set(await statuses(sent))).toEqual(new Set([200]))
  const lines = await past
    .selectFrom('events')
    .where('target_id', '=', group)
    .where('action', '=', 'group_member:create')
    .select('id')
    .execute()
  expect(lines).toHaveLength(1)
})
