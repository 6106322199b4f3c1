import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { encodeCursor } from '#src/db/paging.ts'
import { can, get, post } from '#src/http/endpoint.ts'
import { as, browserOf, type Problem, send } from '#tests/client.ts'
import { unique } from '#tests/factories.ts'
import { mounted } from '#tests/http/mounted.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()
const { owner, org } = await makePeople()
const bearer = { Authorization: `Bearer ${owner.token}`, Accept: 'application/json' }
const people = async () =>
  (await past.selectFrom('users').select('id').where('org_id', '=', org.id).execute()).length

const HALVES = { high: '\ud83e', low: '\udd95', swapped: '\udd95\ud83e', between: 'a\ud83eb\udd95' }
const FLAWED = { ...HALVES, NUL: 'a\0b' }
const WHOLE = '🦕 e\u0301 \ufffd \u{10ffff} 名'

const fault = ({ status, text }: { status: number; text: string }) => {
  const { errors = [] } = JSON.parse(text) as Problem
  return [status, errors.map(({ path }) => path)]
}

describe('JSON', () => {
  const someone = (more: object) => {
    const username = unique('text')
    return { username, email: `${username}@example.com`, ...more }
  }

  test.each(Object.entries(FLAWED))(
    'with half a character or NUL is refused at its field: %s',
    async (_, text) => {
      const before = await people()
      const bodies: [object, string][] = [
        [someone({ first_name: text }), 'first_name'],
        [someone({ last_name: text, first_name: WHOLE }), 'last_name'],
        [someone({ username: text }), 'username'],
        [someone({ email: `${text}@example.com` }), 'email'],
        [someone({ password: `Fine enough 1!${text}` }), 'password'],
        [someone({ role_ids: ['a', text] }), 'role_ids.1'],
        [someone({ groups: [{ id: text }] }), 'groups.0.id'],
        [someone({ surprise: { deep: [[text]] } }), 'surprise.deep.0.0'],
      ]
      for (const [body, path] of bodies)
        expect(fault(await as(owner).post('/api/users', body))).toEqual([400, [path]])
      expect((await as(owner).post('/api/users', { [text]: 1 })).status).toBe(400)
      expect((await as(owner).post('/api/roles', { name: text })).status).toBe(400)
      expect((await as(owner).patch(`/api/users/${owner.id}`, { first_name: text })).status).toBe(400)
      expect(await people()).toBe(before)
    },
  )

  test('of whole characters is kept as it was sent', async () => {
    const answer = await as(owner).post('/api/users', someone({ first_name: WHOLE, last_name: '🦕' }))
    expect(answer.json()).toMatchObject({ first_name: WHOLE, last_name: '🦕' })
    const { id } = answer.json<{ id: string }>()
    expect((await as(owner).get(`/api/users/${id}`)).json()).toMatchObject({ first_name: WHOLE })
  })
})

/** Bytes that are no UTF-8, as an address or a form writes them: half a character, half a letter, overlong, no byte. */
const BYTES = ['%ED%A0%80', '%ed%b6%95', 'a%C3', '%A9b', '%C0%AF', '%FF', '%F4%90%80%80']
const FINE = ['%F0%9F%A6%95', '%EF%BF%BD', '100%', '%zz', 'a+b%20c', '%C3%A4%26']

describe('an address', () => {
  test.each(BYTES)('of other bytes is refused at its field: %s', async (bytes) => {
    const at = (path: string) => send(path, { headers: bearer })
    expect(fault(await at(`/api/users?q=${bytes}`))).toEqual([400, ['q']])
    expect(fault(await at(`/api/users?status=active&email=${bytes}`))).toEqual([400, ['email']])
    expect((await at(`/api/users?${bytes}=x`)).status).toBe(400)
    expect((await at(`/api/users/${owner.id}?any=${bytes}`)).status).toBe(400)
    expect((await browserOf(owner).get(`/users?q=${bytes}`)).status).toBe(400)
    expect((await browserOf(owner).get(`/login?next=${bytes}`)).status).toBe(400)
  })

  test('with NUL is refused at its field', async () => {
    expect(fault(await as(owner).get('/api/users?q=a%00b'))).toEqual([400, ['q']])
  })

  test.each(FINE)('of text is taken: %s', async (text) => {
    expect((await send(`/api/users?q=${text}`, { headers: bearer })).status).toBe(200)
  })

  test('that a bulk action is for is read alike', async () => {
    const bulk = (matching: string) =>
      as(owner).post('/api/users/bulk/preview', { action: 'disable', matching })
    for (const bytes of BYTES) expect(fault(await bulk(`q=${bytes}`))).toEqual([400, ['q']])
    expect(fault(await bulk('q=nobody%F0%9F%A6%95'))).toEqual([422, ['matching']])
  })

  test('with a place in the list that has half a character is one that no list gave', async () => {
    const place = (key: string) => encodeCursor('name', { key, id: owner.id })
    expect((await as(owner).get(`/api/users?after=${place('a\ud83e')}`)).status).toBe(400)
    expect((await as(owner).get(`/api/users?after=${place('🦕')}`)).status).toBe(200)
  })
})

const echo = { sent: undefined as unknown }
const app = mounted([
  get('/text', can('user:read'), {}, () => ({ json: {} })),
  post('/text', can('user:create'), { upload: true }, ({ rawBody, file }) => {
    echo.sent = { ...rawBody }
    return { json: { name: file?.name ?? null } }
  }),
])
const sending = (type: string, body: NonNullable<RequestInit['body']>) =>
  send('/api/text', { method: 'POST', headers: { ...bearer, 'Content-Type': type }, body }, app)

describe('a form', () => {
  const form = (body: string) => sending('application/x-www-form-urlencoded', body)

  test.each(BYTES)('of other bytes is refused at its field: %s', async (bytes) => {
    expect(fault(await form(`fine=1&first_name=${bytes}&last_name=x`))).toEqual([400, ['first_name']])
    const page = await browserOf(owner).post('/users', { first_name: 'x' })
    expect(page.status).toBe(422)
  })

  test('with NUL is refused at its field; whole characters come through', async () => {
    expect(fault(await form('first_name=a%00b'))).toEqual([400, ['first_name']])
    expect((await form('first_name=%F0%9F%A6%95+100%&b=%EF%BF%BD')).status).toBe(200)
    expect(echo.sent).toEqual({ first_name: '🦕 100%', b: '\ufffd' })
  })

  const lone = Buffer.from('eda080', 'hex')
  const multipart = (value: Buffer | string, name = 'first_name', more = '') =>
    sending(
      'multipart/form-data; boundary=xYz',
      Buffer.concat([
        Buffer.from('--xYz\r\nContent-Disposition: form-data; name="fine"\r\n\r\n🦕\r\n'),
        Buffer.from(`--xYz\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`),
        Buffer.from(value as string),
        Buffer.from('\r\n--xYz--\r\n'),
      ]),
    )

  test('in parts is refused at its field, but a file may be anything', async () => {
    expect(fault(await multipart(lone))).toEqual([400, ['first_name']])
    expect(fault(await multipart('a\0b'))).toEqual([400, ['first_name']])
    expect((await multipart('🦕')).status).toBe(200)
    expect(echo.sent).toEqual({ fine: '🦕', first_name: '🦕' })
    const file = '; filename="ü🦕.csv"\r\nContent-Type: text/csv'
    expect((await multipart(lone, 'file', file)).json()).toEqual({ name: 'ü🦕.csv' })
    const body = Buffer.from(
      '--xYz\r\nContent-Disposition: form-data; name="file"; filename="\xed\xa0\x80.csv"\r\n\r\na\r\n--xYz--\r\n',
      'latin1',
    )
    expect(fault(await sending('multipart/form-data; boundary=xYz', body))).toEqual([400, ['file']])
  })

  test('that is no UTF-8 at all, or JSON that isn’t, is refused', async () => {
    for (const type of ['application/x-www-form-urlencoded', 'application/json'])
      expect(
        (await sending(type, Buffer.concat([Buffer.from('{"a":"'), lone, Buffer.from('"}')]))).status,
      ).toBe(400)
  })
})

describe('a file', () => {
  const importing = (body: Buffer) =>
    send('/api/users/import', { method: 'POST', headers: { ...bearer, 'Content-Type': 'text/csv' }, body })
  const file = (name: Buffer, username = unique('csv')) =>
    Buffer.concat([
      Buffer.from(`username,email,first_name\n${username},${username}@example.com,`),
      name,
      Buffer.from('\n'),
    ])

  test('with half a character or NUL is refused at its line, and with whole ones imported', async () => {
    const before = await people()
    for (const hex of ['eda080', 'edb695', 'c3', '610062']) {
      const answer = await importing(file(Buffer.from(hex, 'hex')))
      expect([answer.status, answer.json<{ errors: { line: number }[] }>().errors[0]?.line]).toEqual([422, 2])
    }
    expect(await people()).toBe(before)
    const username = unique('csv')
    expect((await importing(file(Buffer.from(WHOLE), username))).status).toBe(200)
    const row = past.selectFrom('users').select('first_name').where('username', '=', username)
    expect(await row.executeTakeFirst()).toEqual({ first_name: WHOLE })
  })
})

test('the platform itself would make another text of such bytes', () => {
  expect(new URLSearchParams('q=%ED%A0%80').get('q')).toBe('\ufffd\ufffd\ufffd')
  expect(z.string().parse('\ud83e').isWellFormed()).toBe(false)
})
