import { spawn } from 'node:child_process'
import { open, readFile, readlink, rename, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Binaries, environment, findBinaries, locale, program, run } from '#src/db/embedded/binaries.ts'
import { EmbeddedError, explain } from '#src/db/embedded/errors.ts'
import type { Place } from '#src/db/embedded/place.ts'

const START_MS = 300_000
const RETRY_MS = 15_000
const STOP_MS = 30_000
const LOG_BYTES = 5_000_000

/** A running server: its process, its port on 127.0.0.1, and whether it takes connections. */
export type Server = { pid: number; port: number; ready: boolean; stopping: boolean }

/** The server running on this cluster, if any; a pid reused by another program doesn't count. */
async function findServer(cluster: string): Promise<Server | undefined> {
  const server = await readPidFile(cluster)
  return server && (await isServerOf(server.pid, cluster)) ? server : undefined
}

/** The server once it accepts connections; undefined if none runs. */
export async function settled(place: Place): Promise<Server | undefined> {
  for (const giveUpAt = Date.now() + START_MS; Date.now() < giveUpAt; await sleep(10)) {
    const server = await findServer(place.cluster)
    if (!server || server.ready) return server
    if (server.stopping) await stopServer(place)
  }
  throw new EmbeddedError(
    `PostgreSQL has been starting for ${START_MS / 60_000} minutes: see ${logOf(place)}`,
  )
}

/** Starts the server on a free port and waits for it; retries failures that pass by themselves. */
export async function launch(
  place: Place,
  binaries: Binaries,
  settings: Record<string, string>,
): Promise<Server> {
  const log = logOf(place)
  for (const giveUpAt = Date.now() + RETRY_MS; ; await sleep(100)) {
    if (!(await findServer(place.cluster))) await rm(join(place.cluster, 'postmaster.pid'), { force: true })
    const attempt = await launchOnce(place, binaries, { ...settings, port: String(await freePort()) }, log)
    if (typeof attempt !== 'string') return attempt
    const passing =
      /shared memory block .* still in use|Address already in use|could not create any TCP\/IP sockets/.test(
        attempt,
      )
    if (!passing || Date.now() > giveUpAt) throw explain('PostgreSQL did not start', attempt, log)
  }
}

/** Shuts the server down in fast mode (open transactions roll back) and returns once its process is gone. */
export async function stopServer({ cluster, cache }: Place): Promise<void> {
  const server = await findServer(cluster)
  if (!server) return
  if (process.platform === 'win32') {
    const { folder } = await findBinaries({}, cache)
    await run(program(folder, 'pg_ctl'), ['stop', '-D', cluster, '-m', 'fast', '-w'])
    return
  }
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    process.kill(server.pid, signal)
    for (const giveUpAt = Date.now() + STOP_MS; Date.now() < giveUpAt; await sleep(5)) {
      if (!(await isServerOf(server.pid, cluster))) return
    }
  }
  throw new EmbeddedError(`PostgreSQL (process ${server.pid}) does not stop: end it by hand`)
}

const logOf = ({ home }: Place) => join(home, 'server.log')

async function readPidFile(cluster: string): Promise<Server | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')
  const lines = text.split('\n')
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid <= 0) return
  const status = lines[7]?.trim()
  return { pid, port: Number(lines[3]), ready: status === 'ready', stopping: status === 'stopping' }
}

// Only the server has its cluster as working directory.
async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  if (process.platform === 'linux') return (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === cluster
  if (process.platform === 'win32') return true
  return (await run('ps', ['-o', 'command=', '-p', String(pid)])).output.includes(cluster)
}

/** One attempt: the server, or its output if it gave up. */
async function launchOnce(
  place: Place,
  binaries: Binaries,
  settings: Record<string, string>,
  log: string,
): Promise<Server | string> {
  const { file, from } = await openLog(log)
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const windows = process.platform === 'win32' // where only pg_ctl can shed an administrator's rights
  const child = windows
    ? spawn(
        program(binaries.folder, 'pg_ctl'),
        ['start', '-W', '-D', place.cluster, '-l', log, '-o', args.map((arg) => `"${arg}"`).join(' ')],
        { windowsHide: true },
      )
    : spawn(program(binaries.folder, 'postgres'), ['-D', place.cluster, ...args], {
        ...place.identity,
        cwd: '/',
        env: environment(),
        detached: true, // a terminal's Ctrl-C must reach Ambit alone
        stdio: ['ignore', file.fd, file.fd],
      })
  child.unref()
  let ended: string | undefined
  child.on('error', (error) => (ended = error.message))
  child.on('exit', (code, signal) => {
    if (!windows || code) ended = `ended with ${signal ?? code}`
  })
  await file.close()
  for (const giveUpAt = Date.now() + START_MS; Date.now() < giveUpAt; await sleep(5)) {
    if (ended !== undefined) return (await readFrom(log, from)) || ended
    const server = await readPidFile(place.cluster)
    if (server?.ready && (windows || server.pid === child.pid)) return server
  }
  child.kill('SIGINT')
  return `not ready after ${START_MS / 60_000} minutes`
}

async function openLog(log: string) {
  const size = await stat(log).then(
    (stats) => stats.size,
    () => 0,
  )
  if (size > LOG_BYTES) await rename(log, `${log}.1`)
  const file = await open(log, 'a', 0o600)
  return { file, from: size > LOG_BYTES ? 0 : size }
}

const readFrom = async (log: string, from: number) => (await readFile(log)).subarray(from).toString()

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer().on('error', fail)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** Settings for one small application; `sync: false` is for databases that a power failure may lose. */
export function serverSettings(sync: boolean, extra: Record<string, string> = {}): Record<string, string> {
  return {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: '128MB',
    max_wal_size: '512MB',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: locale,
    log_checkpoints: 'off',
    ...(sync ? {} : { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }),
    ...extra,
  }
}
