import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { type Embedded, startEmbedded } from '#src/db/embedded.ts'

export const project = resolve(import.meta.dirname, '..')
export const asRoot = process.getuid?.() === 0
export const fast = { sync: false }

/** The folders of the running test: `top` is new for each, `dataDir` not yet there. */
export const at = { top: '', dataDir: '' }
let pattern: string
let begun: Ambit[]

/** Gives each test of the file folders of its own, and leaves neither files nor servers behind. */
export function useFolders(): void {
  beforeAll(async () => {
    pattern = await newFolder()
    await (await startEmbedded(join(pattern, 'data'), fast)).stop()
  })
  beforeEach(async () => {
    at.top = await newFolder()
    at.dataDir = join(at.top, 'data dir')
    begun = []
  })
  afterEach(async () => {
    for (const { child } of begun) if (child.exitCode === null) child.kill('SIGKILL')
    const cluster = await clusterOf(at.dataDir)
    await crash('SIGQUIT')
    if (!cluster.startsWith(at.top)) await rm(dirname(cluster), { recursive: true, force: true })
    await rm(at.top, { recursive: true, force: true })
  })
  afterAll(() => rm(pattern, { recursive: true, force: true }))
}

async function newFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'embedded in '))
  await chmod(folder, 0o755)
  return folder
}

/** Puts a database that was started before into `dataDir`; faster than a first start. */
export const prepare = () => promisify(execFile)('cp', ['-a', join(pattern, 'data'), at.dataDir])

export async function clusterOf(folder: string): Promise<string> {
  const elsewhere = await readFile(join(folder, 'postgres/location'), 'utf8').catch(() => '')
  return join(elsewhere || join(folder, 'postgres'), 'data')
}

/** The process in the server's pid file; NaN where there is none. */
export async function serverPid(): Promise<number> {
  const text = await readFile(join(await clusterOf(at.dataDir), 'postmaster.pid'), 'utf8').catch(() => '')
  return Number.parseInt(text, 10)
}

export const isServer = async (pid: number) =>
  (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === (await clusterOf(at.dataDir))

/** Ends the server in a way of which nobody else learns. */
export async function crash(signal: NodeJS.Signals): Promise<void> {
  const pid = await serverPid()
  if (!(await isServer(pid))) return
  process.kill(pid, signal)
  while (await isServer(pid)) await sleep(10)
}

export async function query(url: string, statement: string) {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query(statement).finally(() => client.end().catch(() => {}))
  return rows
}

export type Ambit = {
  child: ChildProcess
  started: Promise<Embedded & { error?: string }>
  stop(): Promise<unknown>
}

/** Another process that starts the database in `dataDir`, and stops it when told. */
export function ambit({ uid, clone = project }: { uid?: number; clone?: string } = {}): Ambit {
  const script = `
    const { startEmbedded } = await import(${JSON.stringify(pathToFileURL(join(clone, 'src/db/embedded.ts')).href)})
    try {
      const embedded = await startEmbedded(${JSON.stringify(at.dataDir)}, { sync: false })
      console.log(JSON.stringify(embedded))
      process.stdin.once('data', async () => { await embedded.stop(); process.exit() })
    } catch (error) { console.log(JSON.stringify({ error: error.name + ': ' + error.message })) }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: clone,
    uid,
    gid: uid,
  })
  const started = once(createInterface({ input: child.stdout }), 'line').then(([line]) => JSON.parse(line))
  const stop = () => {
    child.stdin.write('stop\n')
    return once(child, 'exit')
  }
  begun.push({ child, started, stop })
  return { child, started, stop }
}
