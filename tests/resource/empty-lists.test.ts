import { describe, expect, test } from 'vitest'
import { as, browserOf } from '#tests/client.ts'
import { addMember, makeGroup, makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'

const org = await makeOrganization()
const owner = await makeUser(org, { roles: [roleOf(org, 'owner')] })
const family = unique('Fam').replace('-', '')
for (let n = 0; n < 26; n++) await makeUser(org, { last_name: family })

const get = async (path: string, by: Person = owner) => (await browserOf(by).get(path)).text
const linkIn = (text: string, label: string) =>
  new RegExp(`href="([^"]+)">\\s*${label}`).exec(text)?.[1]?.replaceAll('&amp;', '&')
const EMPTY = /No \w+ on this page/

describe('a page past the end', () => {
  test('says so, and leads to the last one and the first', async () => {
    const past = await get(`/users?q=${family}&offset=500&sort=-name`)
    expect(past).toMatch(EMPTY)
    expect(past).toContain('The list has 26 people, on its other pages.')
    expect(past).not.toMatch(/No people yet|No people match/)
    const last = await get(linkIn(past, 'Last page') as string)
    expect(last).toContain('26–26 of 26')
    const first = linkIn(past, 'First page') as string
    expect(first).toBe(`/users?q=${family}&sort=-name`)
    expect(await get(first)).toContain('1–25 of 26')
  })

  test('that was the last one until its rows went', async () => {
    const group = unique('Grp').replace('-', '')
    for (let n = 0; n < 26; n++) await makeGroup(org, { name: `${group} ${String(n).padStart(2, '0')}` })
    const list = await as(owner).get(`/api/v1/groups?q=${group}`)
    const { next } = list.json<{ page: { next: string } }>().page
    const page = `/groups?q=${group}&after=${next}`
    const [row] = (await as(owner).get(`/api/v1${page}`)).json<{ data: { id: string }[] }>().data
    expect(await get(page)).not.toMatch(EMPTY)
    await as(owner).delete(`/api/v1/groups/${row?.id}`)
    const emptied = await get(page)
    expect(emptied).toMatch(EMPTY)
    expect(await get(linkIn(emptied, 'First page') as string)).toContain('1–25 of 25')
  })

  test.each(['roles', 'permissions', 'sessions', 'events', 'organizations', 'service-accounts', 'api-keys'])(
    'of %s',
    async (list) => {
      const some = (await as(owner).get(`/api/v1/${list}`)).json<{ data: object[] }>().data.length
      const text = await get(`/${list}?offset=9000`)
      expect([list, EMPTY.test(text)]).toEqual([list, some > 0])
    },
  )

  test('of members, and of a history', async () => {
    const id = await makeGroup(org)
    await addMember(org, owner.id, id)
    expect(await get(`/groups/${id}/members?offset=500`)).toMatch(EMPTY)
    const before = '00000000-0000-7000-8000-000000000000'
    const history = await get(`/groups/${id}/history?before=${before}`)
    expect(history).toContain('Nothing earlier')
    expect(linkIn(history, 'Latest')).toBe(`/groups/${id}/history`)
    expect(await get(`/groups/${id}/history`)).not.toContain('Nothing earlier')
  })
})

test('nothing yet, no match and no access are told apart', async () => {
  const fresh = await makeOrganization()
  const all = await personWith(fresh, ['group:read:all', 'group:create:all'])
  const some = await personWith(fresh, ['group:read:group', 'group:create:all'])
  expect(await get('/groups', all)).toContain('No groups yet')
  expect(await get('/groups?q=nothing', all)).toContain('No groups match')
  expect(await get('/groups?offset=500', all)).toContain('No groups yet')
  for (const there of [false, true]) {
    if (there) await makeGroup(fresh)
    const text = await get('/groups', some)
    expect(text).toContain('No groups you have access to')
    expect(text).not.toContain('No groups yet')
    expect(await get('/groups/tree', some)).toContain('No groups you have access to')
    expect((await get('/groups/tree', all)).includes('No groups yet')).toBe(!there)
  }
  expect(await get('/groups', all)).not.toMatch(/No groups/)
})
