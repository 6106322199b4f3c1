import { describe, expect, test } from 'vitest'
import { as, send } from '#tests/client.ts'
import { makeOrganization, makeUser, roleOf, unique } from '#tests/factories.ts'

const org = await makeOrganization()
const owner = await makeUser(org, { roles: [roleOf(org, 'owner')] })

const made = (path: string, more: object) => (name: string) =>
  as(owner).post(`/api/v1${path}`, { ...more, name })
const places = [
  { what: 'a group', make: made('/groups', { kind: 'team' }), once: true },
  { what: 'a department', make: made('/departments', {}), once: true },
  { what: 'a role', make: made('/roles', { permissions: [] }), once: true },
  { what: 'an API key', make: made('/me/api-keys', { permissions: ['user:read:own'] }), once: false },
]

describe.each(places)('the name of $what', ({ make, once }) => {
  test.each(['\u200b', '\u3164', '\u2800', 'owner\u200b', 'own\u00ader', '\u202erenwo', 'owner\ufe0f'])(
    'has nothing that can’t be seen: %j',
    async (name) => {
      const answer = await make(name)
      expect(answer.status).toBe(422)
      expect(answer.text).toContain('Remove the character that can’t be seen')
    },
  )

  test.each(['Ümlaut & Söhne', 'Отдел IT', '東京IT', 'علی‌رضا', 'Night shift ☀️', '👩‍💻 Coding'])(
    'is taken: %s',
    async (name) => {
      const answer = await make(name)
      expect([answer.status, answer.json<{ name: string }>().name], answer.text).toEqual([201, name])
    },
  )

  test.each(['аdmin', 'Night Οwls'])('has words of one alphabet: %s', async (name) => {
    const answer = await make(name)
    expect([answer.status, answer.json<{ errors: object }>().errors], answer.text).toEqual([
      422,
      [{ path: 'name', message: 'Use letters of one alphabet in each word' }],
    ])
  })

  test.each(['\u0301', '\u0640\u0640', 'admin\ue000'])('is more than marks: %j', async (name) => {
    expect((await make(name)).status).toBe(422)
  })

  test('is the same however it is spelled', async () => {
    const name = unique('Caf\u00e9 one')
    expect((await make(name)).status).toBe(201)
    for (const other of [name.normalize('NFD'), name.replace(' ', '  '), name.replace(' ', '\u00a0')]) {
      const answer = await make(other)
      if (once) expect(answer.status).toBe(409)
      else expect(answer.json<{ name: string }>().name).toBe(name)
    }
  })
})

test.each(places.filter(({ once }) => once))(
  'the name of $what is nobody else’s that reads the same',
  async ({ make }) => {
    const name = unique('Łukasz Straße')
    expect((await make(name)).status).toBe(201)
    const others = [name.toUpperCase(), name.toLowerCase(), `Lukasz Strasse${name.slice(13)}`, ` ${name} `]
    for (const other of others) {
      const answer = await make(other)
      expect([answer.status, answer.json<{ errors: object }>().errors], other).toEqual([
        409,
        [{ path: 'name', message: 'is already in use' }],
      ])
    }
    expect((await make(`${name} two`)).status).toBe(201)
  },
)

test('of a file’s groups are held against each other, and against those that are there', async () => {
  const [name, there] = [unique('Łódź'), unique('Straße')]
  expect((await made('/groups', { kind: 'team' })(there)).status).toBe(201)
  const sent = (text: string) =>
    send('/api/v1/groups/import', {
      method: 'POST',
      headers: { Authorization: `Bearer ${owner.token}`, 'Content-Type': 'text/csv' },
      body: text,
    })
  const alike = name.replace('Łódź', 'LODZ')
  const refused = await sent(`name,kind\n${name},team\n${alike},team\n${there.toUpperCase()},team\n`)
  expect(refused.status, refused.text).toBe(422)
  expect(refused.json()).toMatchObject({
    errors: [
      { line: 3, message: 'is already in use' },
      { line: 4, message: 'is already in use' },
    ],
  })
  const kept = await sent(`name,kind\n${name},team\n${alike} two,team\n`)
  expect(kept.status, kept.text).toBeLessThan(300)
})
