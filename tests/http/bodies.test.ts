import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { as, browserOf, type Problem, send } from '#tests/client.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { owner, org, member } = await makePeople()
const json = { Authorization: `Bearer ${owner.token}`, 'Content-Type': 'application/json' }
const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
type Body = NonNullable<RequestInit['body']>
const post = (body: Body, headers: Record<string, string> = {}) =>
  send('/api/users', {
    method: 'POST',
    headers: { ...json, ...headers },
    body,
    duplex: 'half',
  } as RequestInit)
const people = async () =>
  (await past.selectFrom('users').select('id').where('org_id', '=', org.id).execute()).length

const chunks = (count: number, size: number) =>
  new ReadableStream<Uint8Array>({
    pull(controller) {
      if (count-- > 0) controller.enqueue(new Uint8Array(size).fill(120))
      else controller.close()
    },
  })

const keys = (count: number) => `{${Array.from({ length: count }, (_, index) => `"k${index}":1`).join(',')}}`

describe('a body that is malformed', () => {
  const deep = (open: string, close: string, times: number) =>
    `{"username":${open.repeat(times)}1${close.repeat(times)}}`
  test.each<[string, Body, number, RegExp]>([
    ['no JSON', '{"username":', 400, /not JSON/],
    ['a list', '[1]', 400, /not a JSON object/],
    ['null', 'null', 400, /not a JSON object/],
    ['a number', '1', 400, /not a JSON object/],
    ['a key twice', '{"username":"a","username":"b"}', 400, /key twice/],
    ['a key twice, once escaped', '{"username":"a","\\u0075sername":"b"}', 400, /key twice/],
    ['a key twice, deeper', '{"groups":[{"id":"a","id":"b"}]}', 400, /key twice/],
    ['a key twice, with space', '{"username" : "a","username"\n:\t"b"}', 400, /key twice/],
    ['objects in objects', deep('{"a":', '}', 30), 400, /nested more than 20/],
    ['lists in lists', deep('[', ']', 30), 400, /nested more than 20/],
    ['a hundred thousand levels', deep('[', ']', 100_000), 400, /nested/],
    ['1001 keys', keys(1001), 400, /more than 1000 keys/],
    ['a hundred thousand keys', keys(80_000), 400, /more than 10000 keys/],
    ['NUL', '{"username":"a\\u0000b"}', 400, /NUL/],
    ['NUL in a key', '{"a\\u0000b":1}', 400, /NUL/],
    ['a lone surrogate', '{"first_name":"a\\ud800b"}', 400, /^first_name has half of a character/],
    ['NUL as it is', '{"username":"a\0b"}', 400, /not JSON/],
    ['a number beyond a double', '{"username":1e999}', 400, /out of range/],
    [
      'bytes that are no UTF-8',
      Buffer.from('7b22757365726e616d65223a22ff22 7d'.replace(' ', ''), 'hex'),
      400,
      /not UTF-8/,
    ],
    [
      'UTF-8 that is overlong',
      Buffer.concat([Buffer.from('{"username":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
      400,
      /not UTF-8/,
    ],
    ['UTF-16', Buffer.from('{"username":"a"}', 'utf16le'), 400, /not (UTF-8|JSON)/],
    ['more than a megabyte', `{"username":"${'x'.repeat(1024 * 1024)}"}`, 413, /1024 kB/],
    ['__proto__', '{"__proto__":{"username":"a"}}', 422, /__proto__: Leave this out/],
    ['constructor', '{"constructor":{"prototype":{"a":1}}}', 422, /constructor: Leave this out/],
  ])('%s', async (_, body, status, detail) => {
    const before = await people()
    // processor time, which other work on the machine doesn't stretch: what takes the square of a body takes seconds
    const began = process.cpuUsage()
    const answer = await post(body)
    expect(process.cpuUsage(began).user / 1000).toBeLessThan(500)
    expect(answer.status).toBe(status)
    expect(answer.json().detail).toMatch(detail)
    expect(await people()).toBe(before)
    expect(({} as Record<string, unknown>).username).toBeUndefined()
  })

  test.each([
    ['NUL', 'username=a%00b', 400],
    ['too many fields', Array.from({ length: 1001 }, (_, n) => `f${n}=1`).join('&'), 400],
    ['a field twice', 'username=a&username=b&email=x%40example.com', 422],
    ['__proto__', '__proto__=a', 422],
  ])('as a form: %s', async (_, body, status) => {
    const token = browserOf(owner).formToken
    const headers = {
      ...form,
      Cookie: [...browserOf(owner).cookies].map((pair) => pair.join('=')).join(';'),
      Origin: 'http://localhost',
      Accept: 'application/json',
    }
    const answer = await send('http://localhost/users', {
      method: 'POST',
      headers,
      body: `csrf_token=${token}&${body}`,
    })
    expect(answer.status).toBe(status)
  })
})

describe('a body that is well-formed goes through:', () => {
  let n = 0
  test.each([
    ['a colon and braces in a string', { first_name: '"a":{"a":1},[' }],
    ['a quoted key in a string', { first_name: '\\"username\\": "x"' }],
    ['astral letters', { first_name: '🦕 e\u0301 ﬁ' }],
    ['999 kB of it, refused for its length alone', { first_name: 'x'.repeat(999 * 1024) }],
  ])('%s', async (_, names) => {
    const base = { username: `body-${++n}`, email: `body-${n}@example.com` }
    const answer = await post(JSON.stringify({ ...base, ...names }))
    expect(answer.status).toBe(names.first_name.length > 100 ? 422 : 201)
    if (answer.status === 201) expect(answer.json<{ first_name: string }>().first_name).toBe(names.first_name)
  })

  test('in pieces', async () => {
    const text = JSON.stringify({ username: 'in-pieces', email: 'pieces@example.com', first_name: 'Ä' })
    const bytes = new TextEncoder().encode(text)
    const stream = new ReadableStream({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    expect((await post(stream)).status).toBe(201)
  })
})

describe('a body that is too large is not read to its end', () => {
  test('by what it says', async () => {
    const answer = await send('/api/users', {
      method: 'POST',
      headers: { ...json, 'Content-Length': '9999999' },
      body: '{}',
    })
    expect(answer.status).toBe(413)
  })

  test('nor in chunks without an end', async () => {
    const began = performance.now()
    expect((await post(chunks(1_000_000, 64 * 1024))).status).toBe(413)
    expect(performance.now() - began).toBeLessThan(1000)
  })

  test('nor is a packed one unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000, 'x'))
    for (const encoding of ['gzip', 'br', 'deflate', 'identity, gzip']) {
      expect((await post(bomb, { 'Content-Encoding': encoding })).status).toBe(415)
    }
  })
})

describe('validation', () => {
  const errorsOf = async (body: object) => {
    const answer = await as(owner).post('/api/users', body)
    expect(answer.status).toBe(422)
    return Object.fromEntries(
      (answer.json<Problem>().errors ?? []).map(({ path, message }) => [path, message]),
    )
  }

  test('says every field at once, by its path', async () => {
    expect(
      await errorsOf({ username: '-', groups: [{ id: 'x', role: 'king' }], role_ids: ['y'], surprise: 1 }),
    ).toMatchObject({
      username: expect.stringContaining('start with a letter'),
      email: 'Enter an e-mail address',
      'groups.0.id': 'Choose a group',
      'groups.0.role': expect.any(String),
      'role_ids.0': 'Choose a role',
      surprise: 'Leave this out; there is no such field',
    })
  })

  test.each([
    [{ username: 'a b' }, 'username'],
    [{ username: 'x'.repeat(65) }, 'username'],
    [{ username: { $ne: null } }, 'username'],
    [{ username: ['a'] }, 'username'],
    [{ email: 'nobody' }, 'email'],
    [{ email: 'a@b@c.com' }, 'email'],
    [{ email: 'a\r\nBcc: x@example.com' }, 'email'],
    [{ first_name: 'a\nb' }, 'first_name'],
    [{ last_name: '\u0007' }, 'last_name'],
    [{ first_name: 1 }, 'first_name'],
    [{ password: 'short' }, 'password'],
    [{ password: 'x'.repeat(1001) }, 'password'],
    [{ org_id: org.id }, 'org_id'],
    [{ id: member.id }, 'id'],
  ])('refuses %j', async (wrong, path) => {
    const errors = await errorsOf({ username: 'right', email: 'right@example.com', ...wrong })
    expect(Object.keys(errors)).toEqual([path])
  })

  test.each([
    { locale: 'EN_us' },
    { time_zone: 'Mars/Base' },
    { status: 'gone' },
    { status: null },
    { version: 3 },
  ])('of a change: %j', async (change) => {
    const answer = await as(owner).patch(`/api/users/${member.id}`, change)
    expect(answer.status).toBe(Object.keys(change).length ? 422 : 200)
  })
})
