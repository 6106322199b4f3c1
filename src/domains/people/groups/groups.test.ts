import { describe, expect, test } from 'vitest'
import { createApp, endpoints } from '#src/app.ts'
import { groups } from '#src/domains/people/groups/model.ts'
import { paths } from '#src/paths.ts'
import { denied, hidden, recorded } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import { addMember, makeGroup, makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { agreement } from '#tests/resource/agreement.ts'
import { bodies } from '#tests/resource/bodies.ts'
import { protocol } from '#tests/resource/protocol.ts'
import { reads } from '#tests/resource/reads.ts'
import { Stage } from '#tests/resource/stage.ts'
import { versions } from '#tests/resource/versions.ts'
import { testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const stage = await Stage.of({
  resource: groups,
  app: createApp({ ...here, routes: endpoints }),
  sample: () => ({ name: unique('Group '), kind: 'team', description: 'First line\nsecond line' }),
  change: { description: 'Other' },
})
describe('as any entity', () => {
  describe('entered', () => bodies(stage))
  describe('versioned', () => versions(stage))
  describe('read', () => reads(stage))
  describe('agreed on', () => agreement(stage))
  describe('by HTTP', () => protocol(stage))
})

type Group = {
  id: string
  name: string
  kind: string
  parent_id: string | null
  parent: { id: string; name?: string } | null
  path: string[]
  members_count: number
  children_count: number
  version: number
}
type Node = Group & { children: Node[] }

const api = (path: string) => `/api/v1${path}`
const [org, abroad] = await Promise.all([makeOrganization(), makeOrganization()])
const boss = await makeUser(org, { roles: [roleOf(org, 'owner')] })
const foreigner = await makeUser(abroad, { roles: [roleOf(abroad, 'owner')] })
const OF_GROUP = ['create', 'read', 'update', 'delete'].map((action) => `group:${action}:group`)
const make = (by: Person, body: object) => as(by).post(api(paths.groups), { kind: 'team', ...body })
const made = async (body: object) => (await make(boss, { name: unique('group'), ...body })).json<Group>()
const read = async (by: Person, id: string) => (await as(by).get(api(paths.group(id)))).json<Group>()
const move = (by: Person, id: string, parent_id: string | null) =>
  as(by).patch(api(paths.group(id)), { parent_id })
const remove = (by: Person, id: string) => as(by).delete(api(paths.group(id)))
const restore = (by: Person, id: string) => as(by).post(api(`${paths.group(id)}/restore`))

describe('a group', () => {
  test('says where it stands, and how many belong to it', async () => {
    const [top, other] = [await made({ name: 'Top' }), await made({})]
    const middle = await made({ name: 'Middle', parent_id: top.id })
    const leaf = await made({ name: 'Leaf', parent_id: middle.id })
    await made({ parent_id: middle.id })
    await addMember(org, boss.id, middle.id)
    expect(await read(boss, middle.id)).toMatchObject({
      parent: { id: top.id, name: 'Top' },
      path: ['Top', 'Middle'],
      members_count: 1,
      children_count: 2,
    })
    // names as far as one sees the groups
    const within = await personWith(org, ['group:read:group'], { groups: [middle.id] })
    expect(await read(within, leaf.id)).toMatchObject({ path: ['Middle', 'Leaf'] })
    expect((await read(within, middle.id)).parent).toEqual({ id: top.id })
    await hidden(within, () => as(within).get(api(paths.group(top.id))))
    await hidden(within, () => as(within).get(api(paths.group(other.id))))
    await remove(boss, top.id)
    expect((await read(boss, leaf.id)).path).toEqual(['Middle', 'Leaf'])
  })

  test('is a department or a team, and stays it', async () => {
    for (const kind of ['warehouse', 'client', 'guild', '', undefined])
      expect((await as(boss).post(api(paths.groups), { name: 'x', kind })).json().errors?.[0]?.path).toBe(
        'kind',
      )
    const { id } = await made({ kind: 'department' })
    expect((await as(boss).patch(api(paths.group(id)), { kind: 'team' })).json().errors).toEqual([
      { path: 'kind', message: 'Leave this out; there is no such field' },
    ])
    expect(await read(boss, id)).toMatchObject({ kind: 'department' })
  })

  test('has a name that no other of its kind has, until it is deleted', async () => {
    const name = unique('name')
    const { id } = await made({ name })
    expect((await make(boss, { name })).json().errors).toEqual([
      { path: 'name', message: 'is already in use' },
    ])
    expect((await make(boss, { name, kind: 'department' })).status).toBe(201)
    await remove(boss, id)
    expect((await make(boss, { name })).status).toBe(201)
    expect((await restore(boss, id)).json()).toMatchObject({ status: 409, errors: [{ path: 'name' }] })
  })

  test('of a warehouse or client is deleted and restored with that, not here', async () => {
    for (const kind of ['warehouse', 'client'] as const) {
      const id = await makeGroup(org, { kind })
      expect((await remove(boss, id)).json().detail).toMatch(new RegExp(`on the ${kind}s page`))
      expect((await as(boss).patch(api(paths.group(id)), { description: 'x' })).status).toBe(200)
    }
  })

  test('is found by words, kind, parent, and at the root', async () => {
    const word = unique('zebra')
    const top = await made({ name: `${word} top`, kind: 'department' })
    const leaf = await made({ description: `of the ${word}`, parent_id: top.id })
    const found = async (query: string) =>
      (await as(boss).get(`${api(paths.groups)}?${query}`)).json<{ data: Group[] }>().data.map(({ id }) => id)
    expect((await found(`q=${word}`)).sort()).toEqual([top.id, leaf.id].sort())
    expect(await found(`q=${word}&kind=team`)).toEqual([leaf.id])
    expect(await found(`q=${word}&root=true`)).toEqual([top.id])
    expect(await found(`parent_id=${top.id}&sort=-created_at`)).toEqual([leaf.id])
    const csv = await as(boss).get(`${api(paths.groups)}?q=${word}&format=csv`)
    expect(csv.text).toContain(`${word} top / ${leaf.name}`)
  })
})

describe('moving', () => {
  test('works for who may change both groups above, and is in the trail', async () => {
    const [from, to] = [await made({}), await made({})]
    const { id } = await made({ parent_id: from.id })
    const manager = await personWith(org, OF_GROUP, { groups: [from.id, to.id] })
    const answer = await move(manager, id, to.id)
    expect(answer.json()).toMatchObject({ parent_id: to.id, path: [to.name, expect.any(String)] })
    expect(await recorded(manager, answer, 'api')).toMatchObject([
      {
        action: 'group:update',
        target_id: id,
        data: { before: { parent_id: from.id }, after: { parent_id: to.id } },
      },
    ])
    const page = await browserOf(manager).patch(paths.group(id), { parent_id: from.id })
    expect(page.status).toBe(303)
    expect(await read(boss, id)).toMatchObject({ parent_id: from.id })
  })

  test('is for who reaches where it was and where it comes to', async () => {
    const [mine, others] = [await made({}), await made({})]
    const [here_, there] = [await made({ parent_id: mine.id }), await made({ parent_id: others.id })]
    const manager = await personWith(org, [...OF_GROUP, 'group:read:all'], { groups: [mine.id] })
    const member = await personWith(org, [...OF_GROUP, 'group:read:all'], { groups: [mine.id, there.id] })
    await denied(manager, 'group:update', () => move(manager, here_.id, others.id))
    await denied(manager, 'group:update', () => move(manager, here_.id, null))
    await denied(manager, 'group:update', () => move(manager, there.id, mine.id))
    await denied(member, 'group:update', () => move(member, there.id, mine.id))
    const looker = await personWith(org, ['group:read:all', 'group:update:own'])
    await denied(looker, 'group:update', () => move(looker, here_.id, null))
    const outsider = await personWith(org, OF_GROUP, { groups: [others.id] })
    await hidden(outsider, () => move(outsider, here_.id, others.id))
    await hidden(foreigner, () => move(foreigner, here_.id, null), org)
    for (const parent of [foreigner.id, await makeGroup(abroad), outsider.id])
      expect((await move(boss, here_.id, parent)).json().errors).toEqual([
        { path: 'parent_id', message: 'Choose a group' },
      ])
    expect((await move(boss, here_.id, null)).status).toBe(200)
    expect((await move(manager, here_.id, mine.id)).status).toBe(403)
  })

  test('isn’t done by a form that leaves the group where it is', async () => {
    const [top, group] = [await made({}), await made({})]
    await move(boss, group.id, top.id)
    const manager = await personWith(org, OF_GROUP, { groups: [group.id] })
    const form = await browserOf(manager).get(`${paths.group(group.id)}/edit`)
    expect(form.text).toContain(`<option value="${top.id}" selected="">As it is</option>`)
    const saved = await browserOf(manager).patch(paths.group(group.id), {
      name: unique('x'),
      parent_id: top.id,
    })
    expect(saved.status).toBe(303)
  })

  test('closes no circle, and says the way that would, as far as one sees it', async () => {
    const a = await made({ name: 'A' })
    const b = await made({ name: 'B', parent_id: a.id })
    const c = await made({ name: 'C', parent_id: b.id })
    for (const [parent, way] of [
      [a.id, 'A → A'],
      [b.id, 'A → B → A'],
      [c.id, 'A → C → B → A'],
    ] as const) {
      const answer = await move(boss, a.id, parent)
      expect(answer.json()).toMatchObject({
        status: 409,
        errors: [{ path: 'parent_id', message: `would make the group its own parent: ${way}` }],
      })
    }
    const blind = await personWith(org, ['group:update:all'])
    expect((await move(blind, a.id, c.id)).json().detail).toBe(
      'parent_id would make the group its own parent: … → … → … → …',
    )
    const form = await browserOf(boss).patch(paths.group(a.id), { parent_id: c.id })
    expect([form.status, form.text.includes('A → C → B → A')]).toEqual([409, true])
  })

  test('goes no deeper than people find their way', async () => {
    let [parent, depth] = [await makeGroup(org), 1]
    while (depth < 39) [parent, depth] = [await makeGroup(org, { parent }), depth + 1]
    const last = await made({ parent_id: parent })
    expect((await make(boss, { name: unique('deep'), parent_id: last.id })).status).toBe(409)
    const pair = await made({})
    const beneath = await made({ parent_id: pair.id })
    expect((await move(boss, pair.id, parent)).status).toBe(409)
    expect((await move(boss, beneath.id, parent)).status).toBe(200)
  })
})

describe('who works for a group', () => {
  test('adds groups beneath theirs only', async () => {
    const [mine, others] = [await made({}), await made({})]
    const manager = await personWith(org, [...OF_GROUP, 'group:read:all'], { groups: [mine.id] })
    const body = () => ({ name: unique('new') })
    expect((await make(manager, body())).json().errors?.[0]?.path).toBe('parent_id')
    await denied(manager, 'group:create', () => make(manager, { ...body(), parent_id: others.id }))
    await denied(manager, 'group:create', () =>
      make(manager, { ...body(), parent_id: mine.id, owner_group_id: others.id }),
    )
    const answer = await make(manager, { ...body(), parent_id: mine.id })
    expect(answer.status).toBe(201)
    const { id } = answer.json<Group>()
    await expect.poll(async () => (await as(manager).patch(api(paths.group(id)), body())).status).toBe(200)
    const own = await personWith(org, ['group:create:own', 'group:read:own', 'group:update:own'])
    expect((await make(own, { ...body(), parent_id: mine.id })).status).toBe(422)
    const theirs = (await make(own, body())).json<Group & { owner_user_id: string }>()
    expect(theirs.owner_user_id).toBe(own.id)
    await denied(own, 'group:update', () =>
      as(own).patch(api(paths.group(theirs.id)), { owner_user_id: boss.id }),
    )
  })

  test('loses with a deleted group what it gave, and the way to those beneath', async () => {
    const top = await made({})
    const leaf = await made({ parent_id: top.id })
    const manager = await personWith(org, OF_GROUP, { groups: [top.id] })
    const inLeaf = await personWith(org, OF_GROUP, { groups: [leaf.id] })
    expect((await read(manager, leaf.id)).id).toBe(leaf.id)
    expect((await remove(manager, top.id)).status).toBe(204)
    for (const id of [top.id, leaf.id])
      await expect.poll(async () => (await as(manager).get(api(paths.group(id)))).status).toBe(404)
    await hidden(manager, () => restore(manager, top.id))
    expect(await read(inLeaf, leaf.id)).toMatchObject({ path: [leaf.name] })
    expect((await restore(boss, top.id)).status).toBe(200)
    await expect.poll(async () => (await as(manager).get(api(paths.group(leaf.id)))).status).toBe(200)
  })
})

test('the tree has all that one sees; who stands beneath what one doesn’t see is at the root', async () => {
  const place = await makeOrganization()
  const top = await makeGroup(place, { name: 'Top' })
  const middle = await makeGroup(place, { name: 'Middle', parent: top })
  const leaf = await makeGroup(place, { name: 'Leaf', parent: middle, kind: 'team' })
  const owner = await makeUser(place, { roles: [roleOf(place, 'owner')], groups: [leaf] })
  const within = await personWith(place, ['group:read:group'], { groups: [middle] })
  const tree = async (by: Person, base: string = paths.groups) =>
    (await as(by).get(api(paths.groupTree(base)))).json<{ data: Node[]; truncated: boolean }>()
  const names = (nodes: Node[]): unknown[] => nodes.map(({ name, children }) => [name, names(children)])
  const all = await tree(owner)
  expect([names(all.data), all.truncated]).toEqual([[['Top', [['Middle', [['Leaf', []]]]]]], false])
  expect(all.data[0]?.children[0]?.children[0]).toMatchObject({ members_count: 1, kind: 'team' })
  expect(names((await tree(within)).data)).toEqual([['Middle', [['Leaf', []]]]])
  expect(names((await tree(owner, paths.departments)).data)).toEqual([['Top', [['Middle', []]]]])
  expect((await remove(owner, middle)).status).toBe(204)
  expect(names((await tree(owner)).data)).toEqual([
    ['Leaf', []],
    ['Top', []],
  ])
  expect((await browserOf(owner).get(paths.groupTree(paths.groups))).text).toContain('Leaf')
})

test('departments are the groups of that kind, and no others', async () => {
  const dep = (path = '') => api(`${paths.departments}${path}`)
  const created = await as(boss).post(dep(), { name: unique('dep') })
  expect(created.json()).toMatchObject({ kind: 'department' })
  const { id } = created.json<Group>()
  expect(created.headers.get('location')).toBe(dep(`/${id}`))
  const team = await made({})
  for (const path of [`/${team.id}`, `/${team.id}/history`, `/${team.id}/members`])
    expect((await as(boss).get(dep(path))).status).toBe(404)
  expect((await as(boss).patch(dep(`/${team.id}`), { name: 'x' })).status).toBe(404)
  expect((await as(boss).delete(dep(`/${team.id}`))).status).toBe(404)
  expect((await as(boss).patch(dep(`/${id}`), { description: 'x' })).status).toBe(200)
  const listed = (await as(boss).get(dep('?limit=200'))).json<{ data: Group[] }>().data
  expect(new Set(listed.map(({ kind }) => kind))).toEqual(new Set(['department']))
  const bulk = await as(boss).post(dep('/bulk'), { action: 'delete', ids: [id, team.id] })
  expect(bulk.json()).toMatchObject({ done: 1, refused: 1 })
  expect((await as(boss).post(dep(`/${id}/restore`))).status).toBe(200)
})
