import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import { expect, test } from 'vitest'
import { createApp } from '#src/app.ts'
import { serverTimeouts } from '#src/platform/server-timeouts.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const { owner } = await makePeople()
const ended = (server: ServerType) => new Promise((done) => server.close(done))

const head = (path: string, length: number | 'chunked', more = '') =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${more}` +
  `${length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`}\r\n\r\n`
const chunk = (data: string) => `${data.length.toString(16)}\r\n${data}\r\n`

test('a client that is gone in the middle of its body makes no line of an error', async () => {
  const lines: string[] = []
  const note = (_: object, message: string) => void lines.push(message)
  const endings: number[] = []
  const app = createApp({ ...here, log: { warn: note, error: note } })
  const fetched: typeof app.fetch = async (...args) => {
    const response = await app.fetch(...args)
    endings.push(response.status)
    return response
  }
  const server = serve({
    fetch: fetched,
    port: 0,
    hostname: '127.0.0.1',
    serverOptions: serverTimeouts(here.config),
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const bearer = `Authorization: Bearer ${owner.token}\r\n`
  const said = [
    `${head('/api/users', 1000, bearer)}{"username":`,
    head('/api/users', 'chunked', bearer) + chunk('{"username":'),
    `${head('/api/auth/login', 1000)}{"username":`,
  ]
  for (const part of said) {
    for (const leave of ['destroy', 'resetAndDestroy'] as const) {
      const before = endings.length
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      socket.write(part)
      await new Promise((go) => setTimeout(go, 100))
      socket[leave]()
      await expect.poll(() => endings.length).toBe(before + 1)
    }
  }
  expect(endings).toEqual(Array(6).fill(400))
  expect(lines).toEqual([])
  await ended(server)
})
