import { beforeAll, expect, test } from 'vitest'
import { send } from '#tests/client.ts'
import { makePeople, type People } from '#tests/people.ts'

let people: People
beforeAll(async () => {
  people = await makePeople()
})

const statusFor = async (who: 'owner' | 'colleague' | null, path: string) => {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (who) headers.Authorization = `Bearer ${people[who].token}`
  return (await send(`/api/v1${path}`, { headers })).status
}

test.each([
  ['an id that is none', () => '/users/x', 404],
  ['an unknown field', () => '/users?surprise=1', 400],
  ['a field twice', () => '/users?limit=1&limit=2', 400],
  ['a record that is there', () => `/users/${people.member.id.toUpperCase()}?`, 200],
  ['a list', () => '/users?limit=1&format=json', 200],
])('%s is looked at for those who can ask, and no one else', async (_, path, status) => {
  const asked = await Promise.all(
    ([null, 'colleague', 'owner'] as const).map((who) => statusFor(who, path())),
  )
  expect(asked).toEqual([401, 403, status])
})

test('a field twice is refused also where none is read', async () => {
  expect(await statusFor('owner', '/auth/me?a=1&a=2')).toBe(400)
  expect(await statusFor('owner', '/auth/me?a=1')).toBe(200)
})
