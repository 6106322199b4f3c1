import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { endpoints } from '#src/app.ts'
import { httpError } from '#src/http/errors.ts'
import { validBody, validQuery } from '#src/http/input.ts'
import { Components, type JsonSchema } from '#src/http/json-schema.ts'
import { paths } from '#src/paths.ts'
import { as, browserOf } from '#tests/client.ts'
import { unique } from '#tests/factories.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

await testDatabase()
const { owner } = await makePeople()

const ID = '00000000-0000-7000-8000-000000000000'
const LONG = 'x'.repeat(30_000)
const wrong = [
  ...[undefined, null, true, 1.5, -1, 1e15],
  ...[
    '',
    ' ',
    'nonsense',
    LONG,
    'a\u0007b',
    '2026-13-45',
    '2020-01-01T00:00:00Z',
    '12:00',
    'a@',
    'https://',
    '999999',
  ],
  ...[`${ID}x`, '00000000-0000-zzzz', 'Ада', 'admin\u200b', 'www.example.com', 'true,false', '1;select'],
  ...[[], [1], [null], [''], ['nonsense'], [LONG], [{}], Array(5000).fill(ID), {}, { nonsense: 1 }],
]

/** Names of fields, at any depth. */
function fieldsIn(schema: JsonSchema, found = new Set<string>()): Set<string> {
  for (const [keyword, value] of Object.entries(schema)) {
    if (typeof value !== 'object' || value === null) continue
    if (keyword === 'properties') for (const name of Object.keys(value)) found.add(name)
    fieldsIn(value as JsonSchema, found)
  }
  return found
}

/** What is said of each wrong value of each field: alone, and in a list of records or a record. */
function saidOf(schema: z.ZodType, valid: typeof validBody, fields: Iterable<string>): string[] {
  const said = new Set<string>()
  const names = [...fields]
  const send = (value: Record<string, unknown>) => {
    try {
      valid(schema, value)
    } catch (thrown) {
      const { status, errors = [] } = httpError(thrown)
      if (status === 500) throw thrown
      for (const { message } of errors) said.add(message)
    }
  }
  const everywhere = (value: unknown) => Object.fromEntries(names.map((name) => [name, value]))
  send({})
  send({ surprise: 1 })
  for (const value of wrong) {
    for (const name of names) send({ [name]: value })
    send(everywhere(value))
    send(everywhere([everywhere(value)]))
    send(everywhere(everywhere(value)))
  }
  return [...said]
}

const LIBRARY =
  /expected|invalid|received|too (big|small)|must match|pattern|unrecognized|undefined|\bNaN\b|\[object|\\[pdw]|\^|<=|>=/i
const INSTRUCTION = /^(Add|Ask|Check|Choose|Enter|Leave|Remove|Replace|Use) [^.]/

const inputs = endpoints.flatMap(({ method, path, query, body }) => [
  ...(body ? [[`${method} ${path}`, body, validBody] as const] : []),
  ...(query ? [[`${method} ${path}?`, query, validQuery as typeof validBody] as const] : []),
])

describe('every input of the route table', () => {
  test('is gone through', () => {
    expect(inputs.length).toBeGreaterThan(100)
  })

  test.each(inputs)('%s says what to do, never in the library’s words', (_, schema, valid) => {
    const components = new Components()
    const fields = fieldsIn(components.of(schema, 'input'))
    for (const one of Object.values(components.schemas)) fieldsIn(one, fields)
    const said = saidOf(schema, valid, fields)
    expect(said.filter((message) => LIBRARY.test(message) || !INSTRUCTION.test(message))).toEqual([])
  })

  test('says the same of one thing everywhere', () => {
    const [, schema] = inputs.find(([name]) => name === 'POST /users') ?? []
    const said = saidOf(schema as z.ZodType, validBody, ['username', 'email', 'first_name', 'role_ids'])
    for (const message of [
      'Enter a user name',
      'Enter an e-mail address',
      'Enter an e-mail address like name@example.com',
      'Use at most 100 characters',
      'Choose a role',
      'Leave this out; there is no such field',
    ])
      expect(said).toContain(message)
  })
})

describe('a field that is wrong', () => {
  const sent = () => ({ username: unique('kim'), email: 'nowhere', first_name: 'x'.repeat(101) })

  test('has its name in JSON', async () => {
    const refused = await as(owner).post(`/api/v1${paths.users}`, sent())
    expect(refused.status).toBe(422)
    expect(refused.json()).toMatchObject({
      detail: 'email: Enter an e-mail address like name@example.com; first_name: Use at most 100 characters',
      errors: [
        { path: 'email', message: 'Enter an e-mail address like name@example.com' },
        { path: 'first_name', message: 'Use at most 100 characters' },
      ],
    })
    const good = { ...sent(), email: `${unique('kim')}@example.com`, first_name: 'Kim' }
    expect((await as(owner).post(`/api/v1${paths.users}`, good)).status).toBe(201)
  })

  test('has its label on a page', async () => {
    const { status, text } = await browserOf(owner).post(paths.users, sent())
    expect(status).toBe(422)
    const summary = /<div class="error-summary"[\s\S]*?<\/div>/.exec(text)?.[0].replace(/<[^>]+>/g, '\n')
    expect(summary?.split(/\n+/).join('')).toContain('E-mail: Enter an e-mail address like name@example.com')
    expect(summary?.split(/\n+/).join('')).toContain('First name: Use at most 100 characters')
  })

  test('of an address is named there', async () => {
    const refused = await as(owner).get(`/api/v1${paths.users}?limit=900`)
    expect(refused.json()).toMatchObject({ detail: 'limit: Enter a whole number from 1 to 200' })
  })
})
