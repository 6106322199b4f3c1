// Compares installed packages with the lock file, the pinned Node included. Runs on Node 18, like boot.mjs.
import { existsSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure, root, run } from './run.mjs'

/** A JSON file of the project; undefined if missing, or still being written by npm. */
export const json = (...path) => {
  try {
    return JSON.parse(readFileSync(join(root, ...path), 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT' || path[0] === 'node_modules') return undefined
    throw new Failure(`${join(root, ...path)} can't be read: ${error.message}`)
  }
}

const manifest = json('package.json')
const wantedMajor = Number.parseInt(manifest.engines.node.replace(/\D*/, ''), 10)
const tooOld = Number.parseInt(process.versions.node, 10) < wantedMajor

function pinnedNode() {
  const system = process.platform === 'win32' ? 'win' : process.platform
  const names = [`node-${system}-${process.arch}`, `node-bin-${system}-${process.arch}`]
  const name = names.find((candidate) => manifest.optionalDependencies[candidate])
  return name && join(root, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}

export function runtime() {
  if (!tooOld) return process.execPath
  const pinned = pinnedNode()
  if (pinned && existsSync(pinned)) return pinned
  const what = `Node ${wantedMajor} or newer is required (this is ${process.versions.node})`
  throw new Failure(
    pinned
      ? `${what}, and its package is not installed: run npm ci without --omit=optional`
      : `${what}: there is no package of it for ${process.platform}-${process.arch}, so install it`,
  )
}

const suits = (list, value) =>
  !list || ((list.includes(value) || list[0]?.startsWith('!')) && !list.includes(`!${value}`))

/** Whether node_modules matches the lock file on this platform; takes a few ms, since it runs at every start. */
export function installed(development) {
  const wanted = json('package-lock.json')?.packages
  const present = json('node_modules', '.package-lock.json')?.packages
  if (!wanted || !present) return !wanted
  if (tooOld && pinnedNode() && !existsSync(pinnedNode())) return false
  const foreign = Object.values(present).some(
    ({ os, cpu }) => !suits(os, process.platform) || !suits(cpu, process.arch),
  )
  return (
    !foreign &&
    Object.entries(wanted).every(([path, want]) => {
      const have = present[path]
      if (have) return have.version === want.version && have.integrity === want.integrity
      return (
        !path.includes('node_modules/') ||
        want.link ||
        want.optional ||
        want.peer ||
        ((want.dev || want.devOptional) && !development)
      )
    })
  )
}

/** Installs the packages, or waits for another start that already does. */
export async function install(development) {
  const release = await installLock()
  try {
    if (installed(development)) return
    console.error('Installing packages…')
    const quiet = [
      '--ignore-scripts',
      '--loglevel=error',
      '--no-audit',
      '--no-fund',
      '--no-update-notifier',
      '--no-progress',
    ]
    const options = development ? [...quiet, '--include=dev'] : quiet
    let outcome = await npm(['ci', ...options])
    // npm 11 rejects a lock file without optional packages of other platforms, which npm 10 accepts
    if (outcome.output.includes('code EUSAGE')) outcome = await npm(['install', '--no-save', ...options])
    if (outcome.code !== 0)
      throw new Failure(`The packages could not be installed: ${complaint(outcome.output)}`)
  } finally {
    release()
  }
}

function npm(args) {
  const script = /^npm/.test(basename(process.env.npm_execpath ?? '')) ? process.env.npm_execpath : undefined
  if (script) return run(process.execPath, [script, ...args], { capture: true })
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, {
    capture: true,
    shell: process.platform === 'win32',
  })
}

function complaint(output) {
  const lines = output
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!)\s*/, '').trim())
    .filter(Boolean)
  const log = lines
    .find((line) => line.startsWith('A complete log'))
    ?.split(': ')
    .pop()
  const reason =
    lines
      .filter((line) => !/^A complete log|^npm warn/.test(line))
      .slice(0, 3)
      .join('; ') || 'npm gave no reason'
  return log ? `${reason} (see ${log})` : reason
}

// The holder touches its file every second: a lock is stale once its process is gone or its time stops.
async function installLock() {
  const file = join(root, '.install.lock')
  const mine = `${process.pid} ${hostname()}`
  for (let told = false; ; await sleep(200)) {
    try {
      writeFileSync(file, mine, { flag: 'wx' })
      const touch = setInterval(() => utimesSync(file, new Date(), new Date()), 1000)
      return () => {
        clearInterval(touch)
        rmSync(file, { force: true })
      }
    } catch (error) {
      if (error.code !== 'EEXIST')
        throw new Failure(`The packages can't be installed into ${root}: ${error.message}`)
    }
    if (takeOver(file)) continue
    if (!told) console.error('Waiting for a different process that is installing the packages…')
    told = true
  }
}

function takeOver(file) {
  const aside = `${file}.${process.pid}`
  try {
    const seen = readFileSync(file, 'utf8')
    if (!stale(seen, statSync(file).mtimeMs)) return false
    renameSync(file, aside)
    if (readFileSync(aside, 'utf8') === seen) rmSync(aside)
    else renameSync(aside, file) // somebody else had taken over in between
    return true
  } catch (error) {
    if (error.code === 'ENOENT') return true
    throw new Failure(`${file} can't be taken over: ${error.message}`)
  }
}

function stale(holder, touched) {
  const [pid, host] = holder.split(' ')
  if (Date.now() - touched > 15_000) return true
  if (!pid || host !== hostname()) return false
  return Number(pid) === process.pid || !alive(Number(pid))
}

function alive(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}
