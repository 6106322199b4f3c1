import { expect, test } from 'vitest'
import { as } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'

const org = await makeOrganization()
const reader = await makeUser(org, { roles: [roleOf(org, 'owner')] })
const person = (last_name: string) => makeUser(org, { username: unique('p'), last_name })

test('people of any script are found and sorted without regard to case', async () => {
  const [zhuk, weiss, tokyo] = await Promise.all(['Жуковский', 'Weißenstraße', '東京'].map(person))
  const small = await person('жукова')
  const found = async (q: string) => {
    const { data } = (await as(reader).get(`/api/users?sort=name&q=${encodeURIComponent(q)}`)).json<{
      data: { id: string }[]
    }>()
    return data.map(({ id }) => id)
  }
  expect(await found('ЖУК')).toEqual([small.id, zhuk?.id])
  expect(await found('weißenst')).toEqual([weiss?.id])
  expect(await found('東')).toEqual([tokyo?.id])
})
