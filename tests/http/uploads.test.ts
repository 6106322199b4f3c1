import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { can, post, put } from '#src/http/endpoint.ts'
import { anonymous, as, browserOf, send } from '#tests/client.ts'
import { mounted } from '#tests/http/mounted.ts'
import { makePeople } from '#tests/people.ts'

const { owner, colleague } = await makePeople()
const logged: string[] = []
const app = mounted(
  [
    post(
      '/files',
      can('user:create'),
      { upload: true, query: z.strictObject({ dry: z.string().optional() }) },
      ({ file, rawBody: sent, query }) => ({
        json: { sent, query, name: file?.name, content: file?.content.toString('latin1') },
      }),
    ),
    post('/fields', can('user:create'), { body: z.strictObject({ a: z.string() }) }, ({ body }) => ({
      json: body,
    })),
    put('/files', can('user:update'), {}, ({ file }) => ({ json: { file: file?.name } })),
  ],
  { IMPORT_LIMIT_MB: '1', BODY_LIMIT_KB: '10' },
  logged,
)

type Body = NonNullable<RequestInit['body']>
const bearer = { Authorization: `Bearer ${owner.token}`, Accept: 'application/json' }
const upload = (body: Body, headers: Record<string, string> = {}, path = '/api/files') =>
  send(path, { method: 'POST', headers: { ...bearer, ...headers }, body, duplex: 'half' } as RequestInit, app)
const form = (fields: Record<string, string | Blob>) => {
  const data = new FormData()
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') data.append(name, value)
    else data.append(name, value, 'people.csv')
  }
  return data
}
const csv = (text = 'a,b\r\n1,2') => new Blob([text], { type: 'text/csv' })
const raw = (parts: string[], boundary = 'xYz') =>
  `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--\r\n`
const part = (name: string, value: string, more = '') =>
  `Content-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}`
const multipart = { 'Content-Type': 'multipart/form-data; boundary=xYz' }

describe('an endpoint that takes a file', () => {
  test('takes it in a form, with fields', async () => {
    const answer = await upload(form({ kind: 'people', file: csv() }))
    expect(answer.json()).toEqual({
      sent: { kind: 'people' },
      query: {},
      name: 'people.csv',
      content: 'a,b\r\n1,2',
    })
  })

  test('takes it as it is', async () => {
    const answer = await upload(
      'a;b\n\xff',
      { 'Content-Type': 'text/csv; charset=latin1' },
      '/api/files?dry=1',
    )
    expect(answer.json()).toMatchObject({ sent: {}, query: { dry: '1' }, content: 'a;b\n\xc3\xbf' })
  })

  test('takes fields alone, too', async () => {
    expect((await as(owner, app).post('/api/files', { a: 1 })).json()).toEqual({ sent: { a: 1 }, query: {} })
    expect((await upload(form({ a: '1' }))).json()).toEqual({ sent: { a: '1' }, query: {} })
    const empty = part('file', '', '; filename=""')
    expect((await upload(raw([empty]), multipart)).json()).toEqual({ sent: {}, query: {} })
  })

  test('keeps bytes as they are', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, n) => n)
    const answer = await upload(form({ file: new Blob([bytes]) }))
    expect(answer.json<{ content: string }>().content).toBe(Buffer.from(bytes).toString('latin1'))
  })

  test.each<[string, Body, Record<string, string>, number]>([
    ['two files', raw([1, 2].map((n) => part('file', `${n}`, '; filename="f"'))), multipart, 400],
    ['a file of another name', raw([part('other', 'x', '; filename="f"')]), multipart, 400],
    ['no boundary', raw([part('a', 'b')]), { 'Content-Type': 'multipart/form-data' }, 400],
    ['no end', '--xYz\r\nContent-Disposition: form-data; name="a"\r\n\r\nb', multipart, 400],
    ['nonsense', 'nonsense', multipart, 400],
    ['NUL in a field', raw([part('a', 'b\0c')]), multipart, 400],
    ['15,000 parts', raw(Array.from({ length: 15_000 }, () => part('a', ''))), multipart, 400],
    ['one part too many', raw(Array.from({ length: 101 }, (_, n) => part(`a${n}`, ''))), multipart, 400],
    [
      'headers without an end',
      raw(['Content-Disposition: form-data; name="a"\r\n'.repeat(20_000)]),
      multipart,
      400,
    ],
    ['a packed body', raw([part('a', 'b')]), { ...multipart, 'Content-Encoding': 'gzip' }, 415],
    ['another type', 'x', { 'Content-Type': 'application/pdf' }, 415],
    ['too large a file', raw([part('file', 'x'.repeat(1024 * 1024), '; filename="f"')]), multipart, 413],
    ['too many lines', 'x'.repeat(1024 * 1024 + 1), { 'Content-Type': 'text/csv' }, 413],
    [
      'JSON past its own limit',
      JSON.stringify({ a: 'x'.repeat(11_000) }),
      { 'Content-Type': 'application/json' },
      413,
    ],
  ])('refuses %s', async (_, body, headers, status) => {
    const began = performance.now()
    expect((await upload(body, headers)).status).toBe(status)
    expect(performance.now() - began).toBeLessThan(500)
  })

  test('takes one up to the limit', async () => {
    expect((await upload('x'.repeat(1024 * 1024), { 'Content-Type': 'text/csv' })).status).toBe(200)
    expect((await upload(form({ file: csv('x'.repeat(1024 * 1023)) }))).status).toBe(200)
    const parts = Array.from({ length: 100 }, (_, n) => part(`a${n}`, ''))
    expect((await upload(raw(parts), multipart)).status).toBe(200)
  })

  test('reads it for those alone who may send it', async () => {
    let read = 0
    const endless = () =>
      new ReadableStream({
        pull(controller) {
          read++
          controller.enqueue(new Uint8Array(1024))
        },
      })
    const type = { 'Content-Type': 'text/csv' }
    const init = (headers: Record<string, string>) =>
      ({ method: 'POST', headers: { ...headers, ...type }, body: endless(), duplex: 'half' }) as RequestInit
    expect((await send('/api/files', init({}), app)).status).toBe(401)
    const other = { Authorization: `Bearer ${colleague.token}` }
    expect((await send('/api/files', init(other), app)).status).toBe(403)
    expect(logged).toContain('user:create')
    expect(read).toBeLessThan(10)
    expect((await send('/api/files', init(bearer), app)).status).toBe(413)
  })
})

describe('an endpoint that takes none', () => {
  test.each([
    ['a form', form({ a: 'b' }), {}],
    ['lines', 'a,b', { 'Content-Type': 'text/csv' }],
  ] as [string, Body, Record<string, string>][])('refuses %s', async (_, body, headers) => {
    expect((await upload(body, headers, '/api/fields')).status).toBe(415)
    const init = { method: 'PUT', headers: { ...bearer, ...headers }, body, duplex: 'half' }
    expect((await send('/api/files', init as RequestInit, app)).status).toBe(415)
  })
})

describe('by a cookie', () => {
  const browser = browserOf(owner, app)
  const ours = { Origin: 'http://localhost', 'Sec-Fetch-Site': 'same-origin' }
  const by = (body: Body, headers: Record<string, string>) => {
    const Cookie = [...browser.cookies].map((pair) => pair.join('=')).join('; ')
    return send(
      'http://localhost/files',
      { method: 'POST', headers: { Accept: 'application/json', Cookie, ...headers }, body },
      app,
    )
  }
  const csrf_token = browser.formToken

  test.each<[string, () => Body, Record<string, string>, number]>([
    ['a form with its token', () => form({ csrf_token, file: csv() }), ours, 200],
    [
      'a form with the token in the header',
      () => form({ file: csv() }),
      { ...ours, 'X-CSRF-Token': csrf_token },
      200,
    ],
    ['a form without a token', () => form({ file: csv() }), ours, 403],
    ['a form with a wrong token', () => form({ csrf_token: 'A'.repeat(43), file: csv() }), ours, 403],
    [
      'a form from elsewhere',
      () => form({ csrf_token, file: csv() }),
      { ...ours, Origin: 'https://evil.example' },
      403,
    ],
    [
      'a form from another site',
      () => form({ csrf_token, file: csv() }),
      { ...ours, 'Sec-Fetch-Site': 'cross-site' },
      403,
    ],
    [
      'lines with a token',
      () => 'a,b',
      { ...ours, 'Content-Type': 'text/csv', 'X-CSRF-Token': csrf_token },
      200,
    ],
    ['lines without a token', () => 'a,b', { ...ours, 'Content-Type': 'text/csv' }, 403],
    [
      'lines from elsewhere',
      () => 'a,b',
      { 'Content-Type': 'text/csv', 'X-CSRF-Token': csrf_token, Origin: 'null' },
      403,
    ],
  ])('%s', async (_, body, headers, status) => {
    const answer = await by(body(), headers)
    expect(answer.status).toBe(status)
    if (status === 200) expect(answer.json<{ sent: object }>().sent).toEqual({})
  })

  test('nobody sends a form without a session', async () => {
    expect((await anonymous(app).post('/files', {})).status).toBe(401)
    expect(
      (await send('http://localhost/files', { method: 'POST', headers: ours, body: form({ a: 'b' }) }, app))
        .status,
    ).toBe(303)
  })
})
