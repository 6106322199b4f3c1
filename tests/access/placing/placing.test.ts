import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { denied } from '#tests/access/trail.ts'
import { as } from '#tests/client.ts'
import {
  addMember,
  assign,
  makeGroup,
  makeOrganization,
  makeRole,
  makeUser,
  roleOf,
  unique,
} from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const api = (path: string) => `/api/v1${path}`
const org = await makeOrganization()

type Membership = 'lead' | 'member' | 'viewer'
const put = (by: Person, group: string, who: Person, role: Membership = 'member') =>
  as(by).put(api(paths.groupMember(paths.groups, group, who.id)), { role })
const move = (by: Person, group: string, parent_id: string | null) =>
  as(by).patch(api(paths.group(group)), { parent_id })
const bring = (by: Person, group: string) => as(by).post(api(`${paths.group(group)}/restore`))
const update = (by: Person, who: Person) => as(by).patch(api(paths.user(who.id)), { locale: 'de' })
const sees = async (by: Person, who: Person) => (await as(by).get(api(paths.user(who.id)))).status

const bearer = async (permissions: string[], groups: Parameters<typeof makeUser>[1] = {}) =>
  personWith(org, permissions, groups)
/** Changes every group and reads everybody, and holds these beside. */
const giver = (permissions: string[], groups: (string | { id: string; role: Membership })[] = []) =>
  bearer(['group:update:all', 'group:delete:all', 'group:read:all', 'user:read:all', ...permissions], {
    groups,
  })
const refused = (by: Person, attempt: Parameters<typeof denied>[2]) => denied(by, 'role:assign', attempt)
const refusedFor = (by: Person, group: string, who: Person) => refused(by, () => put(by, group, who))

describe('reach', () => {
  test('goes down the tree, not up nor aside, and stops at a deleted group', async () => {
    const [top, beside] = [await makeGroup(org), await makeGroup(org)]
    const middle = await makeGroup(org, { parent: top })
    const leaf = await makeGroup(org, { parent: middle })
    const [above, within, aside] = [
      await bearer(['user:read:group', 'user:update:group'], { groups: [top] }),
      await makeUser(org, { groups: [leaf] }),
      await makeUser(org, { groups: [beside] }),
    ]
    const below = await bearer(['user:read:group'], { groups: [leaf] })
    expect([await sees(above, within), await sees(above, aside), await sees(below, above)]).toEqual([
      200, 404, 404,
    ])
    const boss = await giver(['user:update:all'])
    expect((await as(boss).delete(api(paths.group(middle)))).status).toBe(204)
    await expect.poll(() => sees(above, within), { timeout: 1000 }).toBe(404)
    expect(await sees(below, within)).toBe(200)
    expect((await bring(boss, middle)).status).toBe(200)
    await expect.poll(() => sees(above, within), { timeout: 1000 }).toBe(200)
    expect((await move(boss, leaf, beside)).status).toBe(200)
    await expect.poll(() => sees(above, within), { timeout: 1000 }).toBe(404)
  })

  test('of a viewer is to read', async () => {
    const group = await makeGroup(org)
    const who = await makeUser(org, { groups: [group] })
    const permissions = ['user:read:group', 'user:update:group']
    const [viewer, member] = [
      await bearer(permissions, { groups: [{ id: group, role: 'viewer' }] }),
      await bearer(permissions, { groups: [group] }),
    ]
    expect([await sees(viewer, who), await sees(member, who)]).toEqual([200, 200])
    expect([(await update(viewer, who)).status, (await update(member, who)).status]).toEqual([403, 200])
  })
})

describe('whoever comes into a group', () => {
  const HELD = ['user:update:group']

  test('brings no more than the giver has there', async () => {
    const group = await makeGroup(org)
    const beneath = await makeGroup(org, { parent: group })
    const elsewhere = await makeGroup(org)
    const who = () => bearer(HELD)
    for (const by of [await giver([]), await giver(HELD), await giver(HELD, [elsewhere, beneath])])
      await refusedFor(by, group, await who())
    expect((await put(await giver(['user:update:all']), group, await who())).status).toBe(200)
    // who reaches a group reaches those beneath, and who is in one of theirs
    const mine = await makeGroup(org)
    const by = await giver(HELD, [group, mine])
    for (const id of [group, beneath]) {
      const known = await bearer(HELD, { groups: [mine] })
      expect((await put(by, id, known)).status).toBe(200)
    }
  })

  test('brings as a viewer what reads, and the rest when they are raised', async () => {
    const group = await makeGroup(org)
    const who = await bearer([...HELD, 'user:read:group'])
    const reader = await giver([])
    expect((await put(reader, group, who, 'viewer')).status).toBe(200)
    await refused(reader, () => put(reader, group, who, 'member'))
    await refused(reader, () => put(reader, group, who, 'lead'))
    const asViewer = await giver(HELD, [{ id: group, role: 'viewer' }])
    await refused(asViewer, () => put(asViewer, group, who, 'member'))
    const asMember = await giver(HELD, [group])
    expect((await put(asMember, group, who, 'member')).status).toBe(200)
    // the rest came already: a lead gains no permission
    expect((await put(reader, group, who, 'lead')).status).toBe(200)
  })

  test('counts with roles that sleep and those above them, not with what has run out', async () => {
    const group = await makeGroup(org)
    const by = await giver([])
    const strong = await makeRole(org, { permissions: HELD })
    const asleep = await makeRole(org, { permissions: HELD, status: 'disabled' })
    const heir = await makeRole(org, { parents: [await makeRole(org, { parents: [asleep] })] })
    for (const role of [strong, asleep, heir])
      await refusedFor(by, group, await makeUser(org, { roles: [role] }))
    const over = await makeUser(org)
    await assign(org, over.id, { id: strong, expires: '-1 second' })
    const harmless = await bearer(['user:update:own', 'session:read:all'])
    for (const who of [over, harmless]) expect((await put(by, group, who)).status).toBe(200)
  })

  test('gains nothing by a group where the same role reaches everywhere, or they reach it already', async () => {
    const group = await makeGroup(org)
    const beneath = await makeGroup(org, { parent: group })
    const by = await giver([])
    expect((await put(by, group, await makeUser(org, { roles: [roleOf(org, 'owner')] }))).status).toBe(200)
    const there = await bearer(HELD, { groups: [group] })
    expect((await put(by, beneath, there)).status).toBe(200)
    const viewing = await bearer(HELD, { groups: [{ id: group, role: 'viewer' }] })
    await refused(by, () => put(by, beneath, viewing))
    // two roles may wake apart
    const apart = await makeUser(org, {
      roles: [
        await makeRole(org, { permissions: HELD }),
        await makeRole(org, { permissions: ['user:update:all'] }),
      ],
    })
    await refused(by, () => put(by, group, apart))
  })

  test('may bring what a built-in template holds, where the giver may assign it', async () => {
    const group = await makeGroup(org)
    const by = await giver(['role:assign:all'])
    for (const template of ['member', 'viewer', 'operator', 'client'])
      expect((await put(by, group, await makeUser(org, { roles: [roleOf(org, template)] }))).status).toBe(200)
    await refusedFor(by, group, await bearer(HELD))
  })

  test('is not put before people who could do more with them than the giver', async () => {
    const top = await makeGroup(org)
    const group = await makeGroup(org, { parent: top })
    await bearer(['user:delete:group'], { groups: [top] })
    const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
    const own = await giver(['user:delete:group'], [{ id: group, role: 'lead' }])
    for (const by of [await giver([]), own]) await refused(by, () => put(by, group, boss, 'viewer'))
    expect((await put(await giver(['user:delete:all']), group, boss, 'viewer')).status).toBe(200)
    // those above reached who was beneath already
    const beneath = await makeUser(org, { groups: [await makeGroup(org, { parent: top })] })
    expect((await put(await giver([]), await makeGroup(org, { parent: top }), beneath)).status).toBe(200)
    // a viewer there reads alone
    const calm = await makeGroup(org)
    await bearer(['user:delete:group'], { groups: [{ id: calm, role: 'viewer' }] })
    expect((await put(await giver([]), calm, boss)).status).toBe(200)
  })

  test('is held to it when they are new, too', async () => {
    const [group, elsewhere] = [await makeGroup(org), await makeGroup(org)]
    const role = await makeRole(org, { permissions: HELD })
    const by = await bearer(['user:create:all', 'user:read:all', 'group:update:all', ...HELD], {
      groups: [group],
    })
    const create = (id: string, as_: Membership, role_ids = [role]) => {
      const username = unique('new')
      const body = { username, email: `${username}@example.com`, role_ids, groups: [{ id, role: as_ }] }
      return as(by).post(api(paths.users), body)
    }
    await refused(by, () => create(elsewhere, 'member'))
    expect((await create(elsewhere, 'viewer')).status).toBe(201)
    expect((await create(elsewhere, 'member', [])).status).toBe(201)
    expect((await create(group, 'lead')).status).toBe(201)
    const placing = await bearer(['user:create:group', 'user:read:group'], { groups: [group] })
    const path = api(paths.users)
    const named = (role: Membership) => {
      const username = unique('new')
      return as(placing).post(path, {
        username,
        email: `${username}@example.com`,
        groups: [{ id: group, role }],
      })
    }
    await denied(placing, 'group:update', () => named('lead'))
    expect((await named('member')).status).toBe(201)
  })
})

describe('a group', () => {
  const HELD = ['user:update:group']
  const stage = async () => {
    const [top, other] = [await makeGroup(org), await makeGroup(org)]
    const group = await makeGroup(org, { parent: top })
    await bearer(HELD, { groups: [other] })
    await makeUser(org, { groups: [group] })
    return { top, other, group, into: await makeGroup(org, { parent: other }) }
  }

  test('moves beneath people who could do more there only by who could do as much', async () => {
    const { group, into, other } = await stage()
    const weak = await giver([])
    for (const to of [other, into]) await refused(weak, () => move(weak, group, to))
    const reaching = await giver(HELD, [group])
    expect((await move(reaching, group, into)).status).toBe(200)
    // those who gained it have it on the way to another place beneath them, and nobody gains by going up
    expect((await move(weak, group, other)).status).toBe(200)
    expect((await move(weak, group, null)).status).toBe(200)
    expect((await move(await giver(['user:update:all']), group, into)).status).toBe(200)
  })

  test('moves beneath viewers who would read no more', async () => {
    const { group } = await stage()
    const calm = await makeGroup(org)
    await bearer(['user:delete:group', 'user:read:group'], { groups: [{ id: calm, role: 'viewer' }] })
    expect((await move(await giver([]), group, calm)).status).toBe(200)
  })

  test('comes back by who could do everywhere what its people could, and those above', async () => {
    const { group, other, into } = await stage()
    const strong = await giver(['user:update:all'])
    expect((await move(strong, group, into)).status).toBe(200)
    for (const id of [group, into, other])
      expect((await as(strong).delete(api(paths.group(id)))).status).toBe(204)
    const weak = await giver(HELD, [await makeGroup(org)])
    await refused(weak, () => bring(weak, other))
    // nobody reaches it while what is above is away
    for (const id of [into, group]) expect((await bring(weak, id)).status).toBe(200)
    expect((await bring(strong, other)).status).toBe(200)
    // and its own people count
    const own = await makeGroup(org)
    await bearer(HELD, { groups: [own] })
    await past
      .updateTable('groups')
      .set({ deleted_at: new Date().toISOString() })
      .where('id', '=', own)
      .execute()
    await refused(weak, () => bring(weak, own))
    expect((await bring(strong, own)).status).toBe(200)
  })

  test('is a matter of distinct roles, however many people there are', async () => {
    const { group, into } = await stage()
    const role = await makeRole(org, { permissions: HELD })
    for (let n = 0; n < 20; n++) await addMember(org, (await makeUser(org, { roles: [role] })).id, into)
    const weak = await giver([])
    await refused(weak, () => move(weak, group, into))
    expect((await move(await giver(HELD, [group]), group, into)).status).toBe(200)
  })
})

describe('a role that is given', () => {
  test('reaches the groups of whoever gets it, so the giver needs as much there', async () => {
    const [mine, theirs] = [await makeGroup(org), await makeGroup(org)]
    const manager = await personWith(org, ['user:read:group', 'user:update:group'], { groups: [mine] })
    const role = await makeRole(org, { permissions: ['user:read:group'] })
    const give = (by: Person, who: Person) => as(by).post(api(paths.userRole(who.id, role)))
    const both = await makeUser(org, { groups: [mine, theirs] })
    await denied(manager, 'role:assign', () => give(manager, both))
    const near = await makeUser(org, { groups: [mine] })
    expect((await give(manager, near)).status).toBeLessThan(300)
    // who may read everybody gives it anywhere
    const boss = await personWith(org, ['user:read:all', 'user:read:group', 'user:update:all'])
    expect((await give(boss, both)).status).toBeLessThan(300)
  })
})
