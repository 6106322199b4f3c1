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

const list = async (query: string) =>
  (await as(reader).get(`/api/users?${query}`)).json<{ data: { id: string; last_name: string }[] }>().data

test.each([
  ['lukasz', 'Łukasz'],
  ['łukasz', 'Lukasz'],
  ['strasse', 'Straße'],
  ['STRASSE', 'Strasse'],
  ['yildiz', 'Yıldız'],
  ['YILDIZ', 'Yıldız'],
  ['ΠΑΠΑΣ', 'Παπάς'],
  ['παπασ', 'ΠΑΠΑΣ'],
  ['soren', 'Sørensen'],
  ['djoko', 'Djoković'],
  ['dokovic', 'Đoković'],
  ['aero', 'Ærø'],
  ['елкин', 'Ёлкин'],
  ['ЦОЙ', 'Цои'],
  ['thor', 'Þór'],
  ["o'bri", 'O’Brien'],
])('%s finds %s', async (q, last_name) => {
  const { id } = await person(last_name)
  expect((await list(`q=${encodeURIComponent(q)}&limit=100`)).map((one) => one.id)).toContain(id)
  expect((await list(`q=${encodeURIComponent(`${q}x`)}`)).map((one) => one.id)).not.toContain(id)
})

test('letters with a stroke stand beside those without, not behind Z', async () => {
  const other = await makeOrganization()
  const sees = await makeUser(other, { last_name: 'Mmm', roles: [roleOf(other, 'owner')] })
  const sorted = [
    'Aaa',
    'Ærø',
    'Dorn',
    'Đurić',
    'Ewald',
    'Lang',
    'Łoś',
    'Luft',
    'Mmm',
    'Oft',
    'Øhr',
    'Ozz',
    'Strasse',
    'Straßer',
    'Zulu',
  ]
  for (const last_name of sorted.toReversed().filter((name) => name !== 'Mmm'))
    await makeUser(other, { last_name })
  const { data } = (await as(sees).get('/api/users?sort=name')).json<{ data: { last_name: string }[] }>()
  expect(data.map(({ last_name }) => last_name)).toEqual(sorted)
})
