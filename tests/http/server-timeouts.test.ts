import { execSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { describe, expect, test } from 'vitest'
import { serverTimeouts, shedIdle } from '#src/platform/server-timeouts.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { app, config } = await testDatabase()

const limit = execSync('ulimit -Hn', { encoding: 'utf8' }).trim()
/** Ten thousand with the slow ones, as far as so many files may be open; fewer beside other tests, which share the process. */
const IDLE = process.env.AMBIT_LONG
  ? Math.min(9500, limit === 'unlimited' ? 9500 : Number(limit) - 1000)
  : 1000
const SLOW = process.env.AMBIT_LONG ? 500 : 100

/** Opens connections that say nothing, and some that send a header a byte at a time; tells when they are open and gone. */
const crowd = `
const { connect } = require('node:net')
const [port, idle, slow] = process.argv.slice(1).map(Number)
const all = idle + slow
let [open, gone] = [0, 0]
for (let n = 0; n < all; n++) {
  const socket = connect(port, '127.0.0.1')
  const trickle = () => socket.write('x')
  socket.on('error', () => {}).on('connect', () => {
    if (n < slow) {
      socket.write('GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nX-Slow: ')
      socket.timer = setInterval(trickle, 500)
    }
    if (++open === all) console.log('open')
  }).on('close', () => {
    clearInterval(socket.timer)
    if (++gone === all) console.log('gone')
  }).resume()
}
`

test('thousands who say nothing, and hundreds who say it slowly, keep nobody waiting, and are cut off', async () => {
  const server = serve({
    fetch: app.fetch,
    port: 0,
    hostname: '127.0.0.1',
    serverOptions: serverTimeouts(config),
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const others = spawn(process.execPath, ['-e', crowd, String(port), String(IDLE), String(SLOW)])
  let said = ''
  others.stdout.on('data', (words) => {
    said += words
  })
  const says = (word: string) => expect.poll(() => said, { timeout: 60_000, interval: 100 }).toContain(word)
  try {
    await says('open')
    for (const path of ['/health', '/login'])
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(200)
    await says('gone')
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
  } finally {
    others.kill()
    server.close()
  }
}, 150_000)

describe('a connection that was answered', () => {
  const agent = () => new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = (port: number, through: Agent) =>
    new Promise<{ kept: unknown; port: number | undefined }>((resolve, reject) => {
      const asked = request({ port, path: '/health', agent: through }, (answer) => {
        const { localPort } = answer.socket
        answer.resume().on('end', () => resolve({ kept: answer.headers['keep-alive'], port: localPort }))
      })
      asked.on('error', reject).end()
    })

  test('is kept for longer than a proxy keeps it, past the time that a header may take', async () => {
    const patience = serverTimeouts(config)
    expect(patience.keepAliveTimeout).toBeGreaterThan(60_000)
    // the limits of a header and of looking, made short
    const quick = { ...patience, headersTimeout: 300, connectionsCheckingInterval: 50 }
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', serverOptions: quick })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const through = agent()
    const first = await ask(port, through)
    expect(first.kept).toBe('timeout=75')
    await new Promise((go) => setTimeout(go, 1000))
    expect((await ask(port, through)).port).toBe(first.port)
    through.destroy()
    server.close()
  })

  test('is closed where too many are open, and only while it waits', async () => {
    const server = serve({
      fetch: app.fetch,
      port: 0,
      hostname: '127.0.0.1',
      serverOptions: serverTimeouts(config),
    })
    shedIdle(server, 10, 50)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const few = agent()
    const first = await ask(port, few)
    await new Promise((go) => setTimeout(go, 300))
    expect((await ask(port, few)).port).toBe(first.port)
    const crowd = Array.from({ length: 20 }, agent)
    await Promise.all(crowd.map((each) => ask(port, each)))
    const open = () => new Promise<number>((tell) => server.getConnections((_, count) => tell(count)))
    await expect.poll(open).toBeLessThanOrEqual(10)
    expect((await ask(port, agent())).port).toBeGreaterThan(0)
    server.close()
  })
})
