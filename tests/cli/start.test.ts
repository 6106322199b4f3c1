import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '#src/config.ts'

type List = { data: { username: string }[]; page: { next: string | null } }

/** The program as `npm start` runs it, on a database of its own. */
describe('the whole program', () => {
  let dataDir: string
  let port: number
  let running: ChildProcess | undefined
  const at = (path: string) => `http://127.0.0.1:${port}${path}`

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ambit start '))
    // as root the server runs as another user, who has to get there
    await chmod(folder, 0o755)
    dataDir = join(folder, 'data dir')
    port = await freePort()
  })
  afterAll(async () => {
    running?.kill('SIGTERM')
    if (running) await ended(running)
    await rm(join(dataDir, '..'), { recursive: true, force: true })
  })

  async function start(): Promise<ChildProcess> {
    const env = {
      ...process.env,
      PORT: String(port),
      DATA_DIR: dataDir,
      RATE_LIMIT_ENABLED: 'false',
      LOG_LEVEL: 'warn',
    }
    const child = spawn(process.execPath, ['bin/boot.mjs', 'start'], { cwd: root, env, stdio: 'pipe' })
    running = child
    let said = ''
    child.stderr.on('data', (chunk) => (said += chunk))
    for (let i = 0; i < 600; i++) {
      if (child.exitCode !== null) throw new Error(`ended before it answered: ${said}`)
      const answer = await fetch(at('/health/ready')).catch(() => null)
      if (answer?.ok) return child
      await sleep(50)
    }
    throw new Error(`did not answer: ${said}`)
  }

  async function signIn(): Promise<Record<string, string>> {
    const body = JSON.stringify({ username: 'admin', password: 'admin123' })
    const headers = { 'Content-Type': 'application/json' }
    const answer = await fetch(at('/api/v1/auth/login'), { method: 'POST', headers, body })
    const { access_token } = (await answer.json()) as { access_token: string }
    return { ...headers, Authorization: `Bearer ${access_token}` }
  }

  const add = (headers: Record<string, string>, username: string) =>
    fetch(at('/api/v1/users'), {
      method: 'POST',
      headers,
      body: JSON.stringify({ username, email: `${username}@example.com` }),
    })
  async function usernames(q: string, headers: Record<string, string>): Promise<Set<string>> {
    const names = new Set<string>()
    for (let after = ''; ; ) {
      const answer = await fetch(at(`/api/v1/users?q=${q}&limit=200&sort=username${after}`), { headers })
      const { data, page } = (await answer.json()) as List
      for (const { username } of data) names.add(username)
      if (!page.next) return names
      after = `&after=${page.next}`
    }
  }
  const postmaster = async () =>
    Number((await readFile(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0])
  const alive = (pid: number) => {
    try {
      process.kill(pid, 0)
      return true
    } catch {
      return false
    }
  }

  it('keeps what it acknowledged when it and its database are killed, and starts again', async () => {
    const child = await start()
    const headers = await signIn()
    const acknowledged: string[] = []
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let n = 0; ; n++) {
        const username = `crash-${writer}-${n}`
        const answer = await add(headers, username).catch(() => null)
        if (answer?.status !== 201) return
        acknowledged.push(username)
      }
    })
    await sleep(700)
    const database = await postmaster()
    process.kill(database, 'SIGKILL')
    child.kill('SIGKILL')
    await Promise.all([...writers, ended(child)])
    expect(acknowledged.length).toBeGreaterThan(0)

    await start()
    const kept = await usernames('crash', await signIn())
    expect(acknowledged.filter((username) => !kept.has(username)).slice(0, 3)).toEqual([])
  })

  it('ends requests before it ends on SIGTERM, and leaves nothing running', async () => {
    const child = running as ChildProcess
    const headers = await signIn()
    const database = await postmaster()
    const answers = Array.from({ length: 12 }, (_, n) => add(headers, `last-${n}`))
    await sleep(20)
    child.kill('SIGTERM')
    const statuses = (await Promise.allSettled(answers)).map((one) =>
      one.status === 'fulfilled' ? one.value.status : 0,
    )
    // what came too late was not accepted; what was accepted was answered
    expect(statuses.filter((status) => status !== 201 && status !== 0)).toEqual([])
    expect(statuses).toContain(201)
    expect(await ended(child)).toBe(0)
    // its file is gone a moment before the process is
    await expect.poll(() => alive(database), { timeout: 5000 }).toBe(false)
    running = undefined
  })
})

const ended = (child: ChildProcess) =>
  new Promise<number | null>((resolve) =>
    child.exitCode !== null || child.signalCode !== null
      ? resolve(child.exitCode)
      : child.once('exit', resolve),
  )

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
