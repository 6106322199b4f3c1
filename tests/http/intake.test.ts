import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { type ServerType, serve } from '@hono/node-server'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '#src/app.ts'
import { Intake } from '#src/http/intake.ts'
import { serverTimeouts } from '#src/platform/server-timeouts.ts'
import { anonymous, as, send, visitor } from '#tests/client.ts'
import { makePeople } from '#tests/people.ts'
import { type App, testDatabase } from '#tests/setup/database.ts'
import { PASSWORD } from '#tests/setup/secrets.ts'

const here = await testDatabase()
const { owner, member } = await makePeople()
const credentials = { username: owner.username, password: PASSWORD }
type Body = NonNullable<RequestInit['body']>
const json = { 'Content-Type': 'application/json' }

/** The application with an intake to look into, behind a real socket. */
async function serving(options: ConstructorParameters<typeof Intake>[0] = {}) {
  const intake = new Intake(options)
  const failed: string[] = []
  const log = { error: (_: object, message: string) => void failed.push(message), warn: () => {} }
  const app = createApp({ ...here, intake, log })
  const server = serve({
    fetch: app.fetch,
    port: 0,
    hostname: '127.0.0.1',
    serverOptions: serverTimeouts(here.config),
  })
  await once(server, 'listening')
  return { intake, app, failed, server, port: (server.address() as AddressInfo).port }
}
const ended = (server: ServerType) => new Promise((done) => server.close(done))

const head = (path: string, length: number | 'chunked', more = '') =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${more}` +
  `${length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`}\r\n\r\n`
const chunk = (data: string) => `${data.length.toString(16)}\r\n${data}\r\n`

/** Says something, and then nothing more: what comes back until the connection is cut. */
async function heldBack(port: number, said: string): Promise<{ status: number; answer: string; ms: number }> {
  const began = performance.now()
  const socket = connect(port, '127.0.0.1')
  socket.write(said)
  socket.on('error', () => {})
  const answer = await text(socket)
  return { status: Number(answer.slice(9, 12)), answer, ms: performance.now() - began }
}

describe('what a visitor may send', () => {
  const large = JSON.stringify({ ...credentials, password: 'x'.repeat(20_000) })
  const paths = [
    '/auth/login',
    '/auth/register',
    '/auth/reset-password',
    '/auth/refresh',
    '/auth/accept-invitation',
  ]

  test.each(paths)('is small: %s', async (path) => {
    const ask = (body: Body) =>
      send(`/api${path}`, { method: 'POST', headers: json, body, duplex: 'half' } as RequestInit)
    expect((await ask(large)).status).toBe(413)
    let read = 0
    const endless = new ReadableStream({
      pull(controller) {
        read++
        controller.enqueue(new Uint8Array(1000).fill(32))
      },
    })
    expect((await ask(endless)).status).toBe(413)
    expect(read).toBeLessThan(30)
    // a few fields, a long one among them, get as far as being looked at
    expect((await ask(JSON.stringify({ username: 'x'.repeat(10_000) }))).status).not.toBe(413)
  })

  test('is little more in a form', async () => {
    expect((await visitor().post('/login', { ...credentials, next: `/${'x'.repeat(70_000)}` })).status).toBe(
      413,
    )
    expect((await visitor().post('/login', { ...credentials, next: '/users' })).status).toBe(303)
  })

  test('is not read where somebody has to be signed in, who may send a megabyte', async () => {
    let read = 0
    const body = () =>
      new ReadableStream({
        pull(controller) {
          read++
          controller.enqueue(new Uint8Array(1000).fill(32))
        },
      })
    const ask = (headers: Record<string, string>) =>
      send('/api/users', {
        method: 'POST',
        headers: { ...json, ...headers },
        body: body(),
        duplex: 'half',
      } as RequestInit)
    expect((await ask({})).status).toBe(401)
    expect((await ask({ Authorization: `Bearer ${'A'.repeat(43)}` })).status).toBe(401)
    expect(read).toBeLessThan(5)
    expect((await ask({ Authorization: `Bearer ${owner.token}` })).status).toBe(413)
    expect(read).toBeGreaterThan(1000)
    const long = await as(owner).post('/api/users', { username: 'x'.repeat(999 * 1024) })
    expect(long.status).toBe(422)
  })

  test('is counted before it is read, and not where it comes from elsewhere', async () => {
    const other = await here.anotherProcess({ RATE_LIMIT_ENABLED: 'true', SIGN_IN_ATTEMPTS: '3' })
    await sql`delete from rate_limits`.execute(here.owner)
    const never = () => new ReadableStream({ pull: () => new Promise(() => {}) })
    const post = (body: Body, headers: Record<string, string>) =>
      send(
        'http://localhost/api/auth/login',
        { method: 'POST', headers, body, duplex: 'half' } as RequestInit,
        other.app,
      )
    const form = { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' }
    for (let n = 0; n < 5; n++)
      expect((await post('a=b', { ...form, Origin: 'https://evil.example' })).status).toBe(403)
    const statuses = []
    for (let n = 0; n < 3; n++) statuses.push((await post('{', json)).status)
    expect(statuses).toEqual([400, 400, 400])
    expect((await post(never(), json)).status).toBe(429)
    await sql`delete from rate_limits`.execute(here.owner)
    await other[Symbol.asyncDispose]()
  })
})

describe('bodies that do not end', () => {
  let quick: Awaited<ReturnType<typeof serving>>
  beforeAll(async () => {
    quick = await serving({ patienceMs: 1000, strangersBytes: 100_000, personBytes: 0 })
  })
  afterAll(() => ended(quick.server))
  const login = (app: App) => anonymous(app).post('/api/auth/login', credentials)

  test.each([
    ['at once where they say that they are too large', head('/api/auth/login', 1_000_000), 413],
    ['when they get too large', head('/api/auth/login', 'chunked') + chunk('x'.repeat(20_000)), 413],
    ['when they take too long', `${head('/api/auth/login', 1000)}{"username":`, 408],
    ['when they take too long, in chunks', head('/api/auth/login', 'chunked') + chunk('{'), 408],
    [
      'of somebody who is signed in, too',
      `${head('/api/users', 1_000_000, `Authorization: Bearer ${owner.token}\r\n`)}{"username":`,
      408,
    ],
  ])('are answered, and cut off: %s', async (_, said, status) => {
    const cut = await heldBack(quick.port, said)
    expect(cut.status).toBe(status)
    expect(cut.answer).toContain('application/problem+json')
    expect(cut.ms).toBeLessThan(5000)
    expect(quick.intake.held).toBe(0)
    expect((await login(quick.app)).status).toBe(200)
  })

  test('and that break off are no failure of ours', async () => {
    for (const path of ['/api/auth/login', '/api/users']) {
      const socket = connect(quick.port, '127.0.0.1')
      socket.write(`${head(path, 1000, `Authorization: Bearer ${owner.token}\r\n`)}{"username":`)
      await expect.poll(() => quick.intake.held).toBeGreaterThan(0)
      socket.destroy()
      await expect.poll(() => quick.intake.held).toBe(0)
    }
    expect((await login(quick.app)).status).toBe(200)
    expect(quick.failed).toEqual([])
  })

  test('and are waited for as long as they go on coming', async () => {
    const slow = await serving({ patienceMs: 500 })
    const body = JSON.stringify({
      username: 'slow',
      email: 'slow@example.com',
      first_name: 'x'.repeat(200_000),
    })
    const socket = connect(slow.port, '127.0.0.1')
    socket.write(
      head('/api/users', body.length, `Authorization: Bearer ${owner.token}\r\nConnection: close\r\n`),
    )
    // slower than half a second in all, and quicker than the slowest pace
    for (let sent = 0; sent < body.length; sent += 20_000) {
      socket.write(body.slice(sent, sent + 20_000))
      await new Promise((go) => setTimeout(go, 100))
    }
    expect(await text(socket)).toMatch(/^HTTP\/1.1 422 /)
    await ended(slow.server)
  })

  test('give way to others, the oldest first, where strangers hold too much', async () => {
    const cut: number[] = []
    const holding = Array.from({ length: 20 }, async () => {
      const { status } = await heldBack(quick.port, head('/api/auth/login', 10_001) + 'x'.repeat(10_000))
      cut.push(status)
    })
    await expect.poll(() => cut.includes(503)).toBe(true)
    expect(quick.intake.held).toBeLessThanOrEqual(100_000)
    expect((await login(quick.app)).status).toBe(200)
    await Promise.all(holding)
    expect(cut.filter((status) => status === 503).length).toBeGreaterThanOrEqual(10)
    expect(new Set(cut)).toEqual(new Set([408, 503]))
    expect(quick.intake.held).toBe(0)
  })

  test('give way to others of the same person, who keeps nobody else waiting', async () => {
    const larger = (token: string) => head('/api/users', 100_001, `Authorization: Bearer ${token}\r\n`)
    // who came first of all, and holds little
    const other = heldBack(quick.port, `${larger(owner.token)}{"username":`)
    await expect.poll(() => quick.intake.held).toBeGreaterThan(0)
    const cut: number[] = []
    const holding = Array.from({ length: 20 }, async () => {
      const { status } = await heldBack(quick.port, larger(member.token) + 'x'.repeat(100_000))
      cut.push(status)
    })
    await expect.poll(() => cut.includes(503)).toBe(true)
    // one body of the largest fits in any case
    expect(quick.intake.held).toBeLessThanOrEqual(1024 * 1024)
    expect((await login(quick.app)).status).toBe(200)
    await Promise.all(holding)
    expect(cut.filter((status) => status === 503).length).toBeGreaterThanOrEqual(10)
    expect(new Set(cut)).toEqual(new Set([408, 503]))
    expect((await other).status).toBe(408)
    expect(quick.intake.held).toBe(0)
  })
})

/** Holds back the last bytes of large bodies, and of small ones in pieces of a byte; tells how each was answered. */
const crowd = `
const { connect } = require('node:net')
const [port, count] = process.argv.slice(1).map(Number)
const statuses = {}
let gone = 0
const head = 'POST /api/auth/login HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Type: application/json\\r\\n'
const bodies = [
  'Content-Length: 1000000\\r\\n\\r\\n' + ' '.repeat(999990),
  'Transfer-Encoding: chunked\\r\\n\\r\\n' + 'F0000\\r\\n' + ' '.repeat(0xefff0),
  'Transfer-Encoding: chunked\\r\\n\\r\\n' + '1\\r\\n \\r\\n'.repeat(10000),
]
for (let n = 0; n < count; n++) {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('error', () => {}).on('data', (piece) => (answer += piece)).on('close', () => {
    const status = answer.slice(9, 12) || 'cut'
    statuses[status] = (statuses[status] ?? 0) + 1
    if (++gone === count) console.log(JSON.stringify(statuses))
  })
  socket.write(head + bodies[n % bodies.length])
}
`

test('three hundred who hold back their last bytes take no memory and keep nobody out', async () => {
  const { app, intake, server, port } = await serving()
  const memory = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = memory()
  const others = spawn(process.execPath, ['-e', crowd, String(port), '300'])
  let said = ''
  others.stdout.on('data', (words) => {
    said += words
  })
  let most = 0
  try {
    await expect.poll(() => intake.held, { timeout: 40_000 }).toBeGreaterThan(100_000)
    while (!said) {
      most = Math.max(most, memory() - before)
      expect(intake.held).toBeLessThanOrEqual(8 * 1024 * 1024)
      const { status } = await anonymous(app).post('/api/auth/login', credentials)
      expect(status).toBe(200)
      await new Promise((go) => setTimeout(go, 200))
    }
  } finally {
    others.kill()
    await ended(server)
  }
  const { cut = 0, ...answered } = JSON.parse(said) as Record<string, number>
  expect(answered).toMatchObject({ 408: 100 })
  expect((answered[413] ?? 0) + cut).toBe(200)
  // garbage among it: three hundred megabytes were sent
  expect(most).toBeLessThan(120 * 1024 * 1024)
  expect(intake.held).toBe(0)
}, 90_000)
