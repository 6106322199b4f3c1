import { expect, test } from 'vitest'
import { paths } from '#src/paths.ts'
import { as, browserOf } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeUser, roleOf } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const org = await makeOrganization()
const group = await makeGroup(org)
const viewer = roleOf(org, 'viewer')
const [owner, one, other, plain] = [
  await makeUser(org, { roles: [roleOf(org, 'owner')] }),
  await makeUser(org, { roles: [viewer], groups: [group] }),
  await makeUser(org, { roles: [viewer] }),
  await makeUser(org, { groups: [group] }),
]
const found = async (query: string, by: Person = owner) => {
  const answer = await as(by).get(`/api/v1${paths.users}?${query}`)
  expect(answer.status, answer.text).toBe(200)
  const { data, page } = answer.json<{ data: { id: string }[]; page: { total: number } }>()
  expect(page.total).toBe(data.length)
  return data.map(({ id }) => id).sort()
}
const ids = (...people: Person[]) => people.map(({ id }) => id).sort()

test('people are filtered by who has a role, is in a group, or both', async () => {
  expect(await found(`role=${viewer}`)).toEqual(ids(one, other))
  expect(await found(`group=${group}`)).toEqual(ids(one, plain))
  expect(await found(`role=${viewer}&group=${group}`)).toEqual(ids(one))
  expect(await found(`role=${viewer},${roleOf(org, 'owner')}`)).toEqual(ids(owner, one, other))
  expect(await found(`role=${viewer}&q=${other.username}`)).toEqual(ids(other))
  expect(await found(`role=${group}`)).toEqual([])
  const foreign = await makeOrganization()
  expect(await found(`role=${roleOf(foreign, 'viewer')}`)).toEqual([])
  expect((await as(owner).get(`/api/v1${paths.users}?role=viewer`)).status).toBe(400)
})

test('an assignment that ran out counts no more', async () => {
  const late = await makeUser(org, { roles: [viewer] })
  expect(await found(`role=${viewer}`)).toContain(late.id)
  await past
    .updateTable('user_roles')
    .set({ expires_at: '2020-01-01T00:00:00Z' })
    .where('user_id', '=', late.id)
    .execute()
  expect(await found(`role=${viewer}`)).not.toContain(late.id)
})

test('nobody learns by it who has what they may not see', async () => {
  const reader = await personWith(org, ['user:read:all'], { groups: [group] })
  expect(await found(`role=${viewer}`, reader)).toEqual([])
  expect(await found(`group=${group}`, reader)).toEqual([reader.id])
  const seeing = await personWith(org, ['user:read:all', 'role:read:all', 'group:read:all'])
  expect(await found(`role=${viewer}`, seeing)).toEqual(ids(one, other))
})

test('the page says what it is filtered by', async () => {
  const page = await browserOf(owner).get(`${paths.users}?role=${viewer}`)
  expect(page.text).toMatch(/aria-current="true"[^>]*>\s*viewer/)
  expect(page.text).not.toContain(plain.username)
})
