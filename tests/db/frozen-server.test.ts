import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '#src/config.ts'

const signIn = { username: 'admin', password: 'admin123' }

let folder: string
let port: number
let program: ChildProcess
const at = (path: string) => `http://127.0.0.1:${port}${path}`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-frozen-'))
  await chmod(folder, 0o755)
  port = await freePort()
  const env = {
    ...process.env,
    PORT: String(port),
    DATA_DIR: folder,
    LOG_LEVEL: 'silent',
    DATABASE_STATEMENT_TIMEOUT_MS: '3000',
  }
  program = spawn(process.execPath, ['bin/boot.mjs', 'start'], { cwd: root, env, stdio: 'ignore' })
  while ((await ask('/health/ready')).status !== 200) await sleep(100)
})
afterAll(async () => {
  for (const pid of await server()) process.kill(pid, 'SIGCONT')
  program.kill('SIGTERM')
  await once(program, 'exit')
  await rm(folder, { recursive: true, force: true })
})

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  return port
}

/** The server and each of its processes. */
async function server(): Promise<number[]> {
  const elsewhere = await readFile(join(folder, 'postgres/location'), 'utf8').catch(() => '')
  const cluster = join(elsewhere || join(folder, 'postgres'), 'data')
  const main = Number.parseInt(await readFile(join(cluster, 'postmaster.pid'), 'utf8'), 10)
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger)
  const parents = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
      return Number(/\) \S (\d+)/.exec(stat)?.[1])
    }),
  )
  return [main, ...pids.filter((_, index) => parents[index] === main)]
}

async function ask(path: string, init: RequestInit = {}) {
  const began = performance.now()
  const answer = await fetch(at(path), { redirect: 'manual', ...init }).catch(() => null)
  const text = (await answer?.text()) ?? ''
  return { status: answer?.status ?? 0, text, headers: answer?.headers, ms: performance.now() - began }
}

const json = { 'Content-Type': 'application/json' }
const login = (who = signIn) =>
  ask('/api/auth/login', { method: 'POST', headers: json, body: JSON.stringify(who) })
const bearer = async (who = signIn) => {
  const { access_token } = JSON.parse((await login(who)).text) as { access_token: string }
  return { ...json, Authorization: `Bearer ${access_token}` }
}

/** The cookie of a browser that signed in. */
async function browser(): Promise<string> {
  const accept = { Accept: 'text/html' }
  const form = await ask('/login', { headers: accept })
  const token = /name="csrf_token" value="([^"]+)"/.exec(form.text)?.[1] ?? ''
  const cookieOf = ({ headers }: typeof form) =>
    headers
      ?.getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ') ?? ''
  return cookieOf(
    await ask('/login', {
      method: 'POST',
      headers: { ...accept, Origin: at(''), Cookie: cookieOf(form) },
      body: new URLSearchParams({ csrf_token: token, ...signIn }),
    }),
  )
}

test.runIf(process.platform === 'linux')(
  'a server that is stopped hangs nobody, and is used again when it goes on',
  async () => {
    const headers = await bearer()
    const chief = await bearer({ username: 'superadmin', password: 'superadmin123' })
    const cookie = await browser()
    let names = 0
    const all = () =>
      Promise.all([
        ask('/users', { headers: { Accept: 'text/html', Cookie: cookie } }),
        ask('/api/users', { headers }),
        ask('/api/users?format=csv', { headers }),
        ask('/api/events?format=csv', { headers: chief }),
        ask('/api/groups', {
          method: 'POST',
          headers,
          body: JSON.stringify({ kind: 'team', name: `f${++names}` }),
        }),
        login(),
        ask('/health/ready'),
      ])
    expect((await all()).map(({ status }) => status)).toEqual([200, 200, 200, 200, 201, 200, 200])

    const stopped = await server()
    try {
      for (const pid of stopped) process.kill(pid, 'SIGSTOP')
      // within two seconds beyond the limit of a statement; and, once that is known, at once
      for (const bound of [5500, 2000]) {
        for (const { status, headers: said, ms } of await all()) {
          expect([status, said?.get('retry-after')]).toEqual([503, '2'])
          expect(ms).toBeLessThan(bound)
        }
        expect((await ask('/health')).status).toBe(200)
      }
    } finally {
      for (const pid of stopped) process.kill(pid, 'SIGCONT')
    }
    await expect.poll(async () => (await ask('/health/ready')).status, { timeout: 5000 }).toBe(200)
    expect((await all()).map(({ status }) => status)).toEqual([200, 200, 200, 200, 201, 200, 200])
  },
)
