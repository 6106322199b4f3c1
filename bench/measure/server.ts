import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from '#src/config.ts'
import { folder, SECRET } from '../data/database.ts'
import { POOL_SIZE } from '../floor/pool.ts'

export type Server = {
  name: Name
  pid: number
  port: number
  url: string
  startedIn: number
  stop(): Promise<void>
}
export type Name = 'floor' | 'ours'

type Options = {
  /** Arguments of Node before the program. */
  node?: string[]
  /** Instead of the usual ones: where the database is. */
  database: Record<string, string>
  cwd?: string
}

const LONGEST_START_MS = 60_000
const running = new Set<ChildProcess>()

/** Both servers run on the last core alone; the load and PostgreSQL take what is free. */
export const core = availableParallelism() > 1 && hasTaskset() ? String(availableParallelism() - 1) : null

const programs: Record<Name, { args: string[]; health: string }> = {
  floor: { args: [join(root, 'bench/floor/main.ts')], health: '/health' },
  // as bin/boot.mjs starts it
  ours: {
    args: [
      '--max-semi-space-size=16',
      '--import',
      'data:text/javascript,process.setSourceMapsEnabled(true)',
      join(root, 'dist/main.js'),
    ],
    health: '/login',
  },
}

/** Starts a server on a free port and waits for its first answer. */
export async function startServer(name: Name, { node = [], database, cwd = root }: Options): Promise<Server> {
  await mkdir(folder, { recursive: true })
  const port = await freePort()
  const { args, health } = programs[name]
  const log = join(folder, `${name}.log`)
  const output = openSync(log, 'w')
  const command = [...(core ? ['taskset', '-c', core] : []), process.execPath, ...node, ...args] as [
    string,
    ...string[],
  ]
  const began = performance.now()
  const child = spawn(command[0], command.slice(1), {
    cwd,
    env: environment(port, database),
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  running.add(child)
  child.once('exit', () => running.delete(child))
  const url = `http://127.0.0.1:${port}`
  while (!(await answers(url + health))) {
    if (
      child.exitCode !== null ||
      child.signalCode !== null ||
      performance.now() - began > LONGEST_START_MS
    ) {
      await end(child)
      throw new Error(`${name} did not start:\n${readFileSync(log, 'utf8').slice(-2000)}`)
    }
    await sleep(2)
  }
  const startedIn = performance.now() - began
  // taskset becomes the program that it starts: the pid is Node's
  return { name, pid: child.pid as number, port, url, startedIn, stop: () => end(child) }
}

/** Ends what is still running, for the end of the bench, however it comes. */
export const stopAll = () => Promise.all([...running].map(end))

function environment(port: number, database: Record<string, string>): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'),
    ENVIRONMENT: 'production',
    EMAIL_VALIDATION_ENABLED: 'false',
    SECRET_KEY: SECRET,
    HOST: '127.0.0.1',
    PORT: String(port),
    DATABASE_POOL_SIZE: String(POOL_SIZE),
    RATE_LIMIT_ENABLED: 'false',
    ...database,
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    async (response) => {
      await response.arrayBuffer()
      return response.ok
    },
    () => false,
  )
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const patience = setTimeout(() => child.kill('SIGKILL'), 15_000)
  await ended
  clearTimeout(patience)
}

function hasTaskset(): boolean {
  return process.platform === 'linux' && spawnSync('taskset', ['--version']).status === 0
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
