import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { denied, hidden, recorded, trail } from '#tests/access/trail.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import { addMember, makeGroup, makeOrganization, makeUser, roleOf } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

type Role = 'lead' | 'member' | 'viewer'
const [org, abroad] = await Promise.all([makeOrganization(), makeOrganization()])
/** The lead's group, one beneath it, and one that has nothing to do with them. */
const group = await makeGroup(org, { name: 'Led' })
const [beneath, elsewhere] = [await makeGroup(org, { name: 'Beneath', parent: group }), await makeGroup(org)]
const boss = await personWith(org, ['group:update:all', 'group:read:all', 'user:read:all'])
/** Sees names alone. */
const lead = await makeUser(org, { groups: [{ id: group, role: 'lead' }], last_name: 'Lead' })
const colleague = await makeUser(org, { groups: [group], first_name: 'Kim', last_name: 'Colleague' })
const stranger = await makeUser(org, { first_name: 'Sam', last_name: 'Stranger' })
const foreigner = await makeUser(abroad, { roles: [roleOf(abroad, 'owner')] })

const setDeleted = (id: string, deleted_at: string | null) =>
  past.updateTable('groups').set({ deleted_at }).where('id', '=', id).execute()
const roleIn = async (id: string, person: Person): Promise<string | undefined> =>
  (
    await past
      .selectFrom('group_members')
      .where('group_id', '=', id)
      .where('user_id', '=', person.id)
      .select('role')
      .executeTakeFirst()
  )?.role
const member = async (id = group, role: Role = 'member') => makeUser(org, { groups: [{ id, role }] })
const at = (id: string, who: { id: string }) => paths.groupMember(paths.groups, id, who.id)
const put = (by: Person, id: string, who: { id: string }, role: Role) =>
  as(by).put(api(at(id, who)), { role })
const take = (by: Person, id: string, who: { id: string }) => as(by).delete(api(at(id, who)))
const members = (id: string) => api(paths.groupMembers(paths.groups, id))
/** Both ways to put somebody into a group and to take them out, as program and by form. */
const writes: Record<string, (by: Person, id: string, who: Person) => [string, () => Promise<Answer>][]> = {
  put: (by, id, who) => [
    ['api', () => put(by, id, who, 'member')],
    ['web', () => browserOf(by).put(at(id, who), { role: 'member' })],
  ],
  'add by name': (by, id, who) => {
    const path = paths.groupMembers(paths.groups, id)
    return [
      ['api', () => as(by).post(api(path), { user: who.username })],
      ['web', () => browserOf(by).post(path, { user: who.email.toUpperCase(), role: 'member' })],
    ]
  },
  remove: (by, id, who) => [
    ['api', () => take(by, id, who)],
    ['web', () => browserOf(by).delete(at(id, who))],
  ],
}

describe.each(Object.keys(writes))('%s', (name) => {
  const attempts = (by: Person, id: string, who: Person) => writes[name]?.(by, id, who) ?? []
  const somebody = (id: string) => (name === 'remove' ? member(id) : makeUser(org))

  test('works for who may change the group, and is in the trail', async () => {
    for (const [via] of attempts(boss, group, boss)) {
      const who = await somebody(group)
      const [, attempt] = attempts(boss, group, who).find(([one]) => one === via) ?? []
      const answer = await (attempt as () => Promise<Answer>)()
      expect(answer.status, answer.text).toBeOneOf([200, 201, 204, 303])
      expect(await roleIn(group, who)).toBe(name === 'remove' ? undefined : 'member')
      const side = name === 'remove' ? 'before' : 'after'
      expect(await recorded(boss, answer, via as 'api' | 'web')).toMatchObject([
        {
          action: `group_member:${name === 'remove' ? 'delete' : 'create'}`,
          target_id: group,
          data: { [side]: { user_id: who.id, role: 'member' } },
        },
      ])
    }
  })

  test('is refused to who only sees the group, hidden from who doesn’t, and from abroad', async () => {
    const who = await somebody(group)
    const looker = await personWith(org, ['group:read:all', 'user:read:all'])
    for (const [, attempt] of attempts(looker, group, who)) await denied(looker, 'group:update', attempt)
    for (const by of [colleague, stranger, foreigner])
      for (const [, attempt] of attempts(by, group, who)) await hidden(by, attempt)
    for (const [, attempt] of attempts(boss, group, foreigner)) {
      const answer = await attempt()
      expect(answer.status).toBe(name === 'add by name' ? 422 : 404)
    }
    for (const [, attempt] of attempts(foreigner, group, foreigner)) await hidden(foreigner, attempt)
  })

  test('is hidden where the group is another kind, or deleted', async () => {
    const [team, gone] = [await makeGroup(org, { kind: 'team' }), await makeGroup(org)]
    await setDeleted(gone, new Date().toISOString())
    const who = await somebody(team)
    if (name === 'remove') await addMember(org, who.id, gone)
    for (const [, attempt] of attempts(boss, gone, who)) await hidden(boss, attempt)
    const other = await as(boss).put(api(paths.groupMember(paths.departments, team, who.id)), {
      role: 'viewer',
    })
    expect(other.status).toBe(404)
    for (const [, attempt] of attempts(boss, team, who).slice(0, 1))
      expect((await attempt()).status).toBeOneOf([200, 201, 204])
  })
})

describe('a lead', () => {
  test('adds, changes and removes members and viewers there and beneath, whom they know by name', async () => {
    for (const role of ['viewer', 'member', 'viewer'] as const) {
      expect((await put(lead, beneath, colleague, role)).json()).toMatchObject({
        user: { id: colleague.id },
        role,
      })
      expect(await roleIn(beneath, colleague)).toBe(role)
    }
    expect((await take(lead, beneath, colleague)).status).toBe(204)
    const who = await member(group, 'viewer')
    expect((await put(lead, group, who, 'member')).status).toBe(200)
    expect((await take(lead, group, who)).status).toBe(204)
  })

  test('says nothing about leads', async () => {
    const [plain, other] = [await member(), await member(group, 'lead')]
    await denied(lead, 'group:update', () => put(lead, group, plain, 'lead'))
    await denied(lead, 'group:update', () => put(lead, group, other, 'member'))
    await denied(lead, 'group:update', () => take(lead, group, other))
    expect((await put(boss, group, plain, 'lead')).status).toBe(200)
    expect((await take(boss, group, plain)).status).toBe(204)
    expect((await take(boss, group, other)).status).toBe(204)
  })

  test('changes nothing else of the group, nor any group besides', async () => {
    const reading = await personWith(org, ['group:read:all', 'user:read:all'], {
      groups: [{ id: beneath, role: 'lead' }],
    })
    for (const attempt of [
      () => as(reading).patch(api(paths.group(beneath)), { name: 'Mine' }),
      () => as(reading).patch(api(paths.group(beneath)), { parent_id: null }),
      () => as(reading).delete(api(paths.group(beneath))),
      () => as(reading).post(api(paths.groups), { name: 'New', kind: 'team', parent_id: beneath }),
      () => put(reading, group, stranger, 'viewer'),
      () => put(reading, elsewhere, stranger, 'viewer'),
    ])
      expect((await attempt()).status).toBe(403)
    expect((await put(reading, beneath, stranger, 'viewer')).status).toBe(200)
    expect((await take(reading, beneath, stranger)).status).toBe(204)
  })

  test('doesn’t come upon people whom they don’t see', async () => {
    await hidden(lead, () => put(lead, group, stranger, 'member'))
    const path = members(beneath)
    for (const user of [stranger.username, stranger.email, colleague.email, 'nobody'])
      expect((await as(lead).post(path, { user })).json().errors).toEqual([
        { path: 'user', message: 'No one found with this user name or e-mail' },
      ])
    expect((await as(lead).post(path, { user: colleague.username })).status).toBe(201)
    expect((await take(lead, beneath, colleague)).status).toBe(204)
  })

  test('has that no longer where the lead is over, or the group deleted', async () => {
    const id = await makeGroup(org)
    const person = await makeUser(org, { groups: [{ id, role: 'lead' }] })
    const other = await member(id, 'viewer')
    expect((await put(person, id, other, 'member')).status).toBe(200)
    expect((await put(boss, id, person, 'member')).status).toBe(200)
    await expect
      .poll(async () => (await put(person, id, other, 'viewer')).status, { timeout: 1000 })
      .toBe(404)
  })
})

describe('nobody', () => {
  test('adds or raises themselves', async () => {
    const id = await makeGroup(org)
    expect((await put(boss, id, boss, 'viewer')).status).toBe(409)
    expect((await as(boss).post(members(id), { user: boss.username })).status).toBe(409)
    expect((await put(lead, beneath, lead, 'viewer')).status).toBe(409)
    await addMember(org, boss.id, id, 'viewer')
    for (const role of ['member', 'lead'] as const) expect((await put(boss, id, boss, role)).status).toBe(409)
    expect(await roleIn(id, boss)).toBe('viewer')
    expect((await take(boss, id, boss)).status).toBe(204)
  })

  test('leaves who can’t come back by themselves: a lead only where another one remains', async () => {
    const id = await makeGroup(org)
    const [one, other] = [await member(id, 'lead'), await member(id, 'lead')]
    const plain = await member(id)
    await hidden(plain, () => take(plain, id, plain))
    const reader = await personWith(org, ['group:read:group'], { groups: [id] })
    await denied(reader, 'group:update', () => take(reader, id, reader))
    expect((await put(other, id, other, 'member')).status).toBe(200)
    for (const attempt of [() => take(one, id, one), () => put(one, id, one, 'viewer')]) {
      expect((await attempt()).status).toBe(409)
      expect(await roleIn(id, one)).toBe('lead')
    }
    expect((await put(boss, id, other, 'lead')).status).toBe(200)
    const page = await browserOf(one).delete(at(id, one))
    expect([page.status, page.headers.get('location')]).toEqual([303, '/'])
    expect(await roleIn(id, one)).toBeUndefined()
  })
})

test('a change of role says in the trail whose', async () => {
  const who = await member(group, 'viewer')
  await put(boss, group, who, 'lead')
  const lines = (await trail(org, { target: group })).filter(({ action }) => action === 'group_member:update')
  expect(lines.at(-1)?.data).toEqual({
    before: { user_id: who.id, source: 'manual', role: 'viewer' },
    after: { user_id: who.id, source: 'manual', role: 'lead' },
  })
})

test('whoever leads a group and is added as a member goes on leading it', async () => {
  const who = await member(group, 'lead')
  const path = paths.groupMembers(paths.groups, group)
  for (const role of ['member', 'viewer']) {
    const answer = await as(boss).post(api(path), { user: who.username, role })
    expect([answer.status, answer.json().detail]).toEqual([409, 'user is already in this group, as a lead'])
    const page = await browserOf(boss).post(path, { user: who.username, role })
    expect([page.status, page.text.includes('is already in this group, as a lead')]).toEqual([409, true])
    for (const refused of [answer, page])
      expect(await trail(org, { request: refused.headers.get('x-request-id') as string })).toEqual([])
    expect(await roleIn(group, who)).toBe('lead')
  }
  expect((await put(boss, group, who, 'member')).json()).toMatchObject({ role: 'member' })
  expect(await roleIn(group, who)).toBe('member')
})
