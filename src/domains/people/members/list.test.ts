import { describe, expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { hidden } from '#tests/access/trail.ts'
import { as, browserOf } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeUser } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const api = (path: string) => `/api/v1${path}`

type Role = 'lead' | 'member' | 'viewer'
type Listed = {
  data: { user: { id: string; username: string; name: string }; role: Role }[]
  page: { total: number; next: string | null }
  members_count: number
}

const org = await makeOrganization()
/** The lead's group, one beneath it, and one that has nothing to do with them. */
const group = await makeGroup(org, { name: 'Led' })
await makeGroup(org, { name: 'Beneath', parent: group })
const elsewhere = await makeGroup(org)
const boss = await personWith(org, ['group:update:all', 'group:read:all', 'user:read:all'])
/** Sees names alone. */
const lead = await makeUser(org, { groups: [{ id: group, role: 'lead' }], last_name: 'Lead' })
const colleague = await makeUser(org, { groups: [group], first_name: 'Kim', last_name: 'Colleague' })
const stranger = await makeUser(org, { first_name: 'Sam', last_name: 'Stranger' })
const member = async (id = group, role: Role = 'member') => makeUser(org, { groups: [{ id, role }] })
const members = (id: string) => api(paths.groupMembers(paths.groups, id))
const list = async (by: Person, id: string, query = '') =>
  (await as(by).get(members(id) + query)).json<Listed>()

describe('the list', () => {
  test('is by name, in pages, and says how many there are in all', async () => {
    const id = await makeGroup(org)
    for (const last_name of ['Zuse', 'Ärmel', 'Bauer', 'Meier'])
      await makeUser(org, { last_name, groups: [id] })
    const first = await list(boss, id, '?limit=3')
    expect(first.data.map(({ user }) => user.name)).toEqual(['Ärmel', 'Bauer', 'Meier'])
    expect(first).toMatchObject({ page: { total: 4 }, members_count: 4 })
    const second = await list(boss, id, `?limit=3&after=${first.page.next}`)
    expect(second.data.map(({ user }) => user.name)).toEqual(['Zuse'])
    expect((await list(boss, id, '?q=bau')).data.map(({ user }) => user.name)).toEqual(['Bauer'])
    expect((await as(boss).get(`${members(id)}?role=lead`)).status).toBe(400)
  })

  test('shows everybody to leads, oneself to all, and others as far as one reads people', async () => {
    const mixed = await personWith(org, ['group:read:all', 'user:read:own'], { groups: [elsewhere] })
    const hiddenOne = await member(elsewhere)
    expect(await list(mixed, elsewhere)).toMatchObject({
      data: [{ user: { id: mixed.id } }],
      page: { total: 1 },
      members_count: 2,
    })
    expect((await list(boss, elsewhere)).data).toHaveLength(2)
    const leads = await makeUser(org, { groups: [{ id: elsewhere, role: 'lead' }] })
    const seen = await list(leads, elsewhere)
    expect(seen.data.map(({ user }) => user.id)).toContain(hiddenOne.id)
    expect(JSON.stringify(seen)).not.toContain('@')
    // words of people are found by their addresses too
    expect((await list(leads, elsewhere, `?q=${hiddenOne.username}`)).page.total).toBe(3)
    await hidden(stranger, () => as(stranger).get(members(elsewhere)))
  })

  test('is searched by a lead only among those whose address they may read', async () => {
    const lead = await personWith(org, ['user:read:own'], { groups: [{ id: elsewhere, role: 'lead' }] })
    const other = await makeUser(org, { groups: [elsewhere] })
    const word = `word${other.id.slice(-12)}`
    await past
      .updateTable('users')
      .set({ email: `${word}@example.com` })
      .where('id', '=', other.id)
      .execute()
    const found = async (by: Person) =>
      (await list(by, elsewhere, `?q=${word}`)).data.map(({ user }) => user.id)
    expect(await found(lead)).toEqual([])
    expect(await found(boss)).toEqual([other.id])
    expect((await list(lead, elsewhere)).data.map(({ user }) => user.id)).toContain(other.id)
  })

  test('counts people who are there: not the deleted, until they come back', async () => {
    const id = await makeGroup(org)
    const [one, other] = [await member(id), await member(id)]
    const set = (deleted_at: string | null) =>
      past.updateTable('users').set({ deleted_at }).where('id', '=', one.id).execute()
    const counts = async () => {
      const { members_count, page, data } = await list(boss, id)
      return [members_count, page.total, data.length]
    }
    expect(await counts()).toEqual([2, 2, 2])
    await set(new Date().toISOString())
    expect(await counts()).toEqual([1, 1, 1])
    await set(null)
    expect(await counts()).toEqual([2, 2, 2])
    await past.deleteFrom('users').where('id', '=', other.id).execute()
    expect(await counts()).toEqual([1, 1, 1])
  })
})

test('who leads a group and reads none has its page, without the rest of the record', async () => {
  const page = await browserOf(lead).get(paths.groupMembers(paths.groups, group))
  expect(page.status).toBe(200)
  expect(page.text).toContain('Kim Colleague')
  expect(page.text).not.toContain(paths.user(colleague.id))
  expect(page.text).not.toContain('History')
  const wrong = await browserOf(lead).post(paths.groupMembers(paths.groups, group), {
    user: 'nobody',
    role: 'member',
  })
  expect(wrong.status).toBe(422)
  expect(wrong.text).toContain('No one found with this user name or e-mail')
})
