#!/usr/bin/env node
// Runs every command of the project, also on a machine that has only Node 18 and npm: installs the packages when
// they are not those of the lock file, then goes on with the pinned Node. So: plain JavaScript, no imports of packages.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsx = ['--import', './bin/tsx.mjs']
const admin = { node: [...tsx, 'src/cli.ts'], named: true }
const vitest = { bin: ['vitest', 'vitest', 'run', '--reporter=default', '--reporter=./tests/reporter.ts'] }
const kysely = { bin: ['kysely-ctl', 'kysely'], named: true, last: ['--no-outdated-check'] }

// node: arguments of Node; bin: package, its program, arguments; named: hands on the command's own name, too
const commands = {
  start: { bundle: 'main', server: true },
  worker: { bundle: 'worker', server: true },
  dev: { node: ['--watch', ...tsx, 'src/main.ts'] },
  test: { check: true, ...vitest },
  'test:long': { ...vitest, env: { AMBIT_LONG: '1' } },
  'test:browser': { bin: [...vitest.bin, 'tests/browser'] },
  check: { check: true },
  bench: { node: [...tsx, 'bench/run.ts'] },
  migrate: kysely,
  seed: kysely,
  types: { node: [...tsx, 'bin/types.ts'] },
  'import:users': admin,
  'admin:create': admin,
  'admin:unlock': admin,
  'admin:reset-password': admin,
}
const withoutDevelopment = ['bundle', 'named']

class Failure extends Error {
  constructor(message, code = 1) {
    super(message)
    this.code = code
  }
}

const json = (...path) => {
  try {
    return JSON.parse(readFileSync(join(root, ...path), 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw new Failure(`${join(root, ...path)} can't be read: ${error.message}`)
  }
}

// ── the packages ──

const manifest = json('package.json')
const wantedMajor = Number.parseInt(manifest.engines.node.replace(/\D*/, ''), 10)
const tooOld = Number.parseInt(process.versions.node, 10) < wantedMajor

function pinnedNode() {
  const system = process.platform === 'win32' ? 'win' : process.platform
  const names = [`node-${system}-${process.arch}`, `node-bin-${system}-${process.arch}`]
  const name = names.find((candidate) => manifest.optionalDependencies[candidate])
  return name && join(root, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}

const suits = (list, value) =>
  !list || ((list.includes(value) || list[0]?.startsWith('!')) && !list.includes(`!${value}`))

function installed(development) {
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
        path === '' ||
        want.link ||
        want.optional ||
        want.peer ||
        ((want.dev || want.devOptional) && !development)
      )
    })
  )
}

async function install(development) {
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
    // npm 11 calls a lock file incomplete that lacks optional packages of other platforms, which npm 10 takes
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

// The holder touches its file every second: a lock is stale when its process has gone or its time stands still.
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
    if (!told) console.error('Waiting for another start that installs the packages…')
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

// ── running ──

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY

/**
 * Runs a program to its end, handing on signals. A server gets a process group of its own, so that Ctrl-C reaches it
 * once (through here) and not twice, and a channel whose end tells it that this process was killed.
 * The others share the group: what the terminal sends has reached them already.
 */
function run(file, args, { env, capture = false, server = false, shell = false } = {}) {
  const stdio = capture
    ? ['ignore', 'pipe', 'pipe']
    : ['inherit', 'inherit', 'inherit', ...(server ? ['ipc'] : [])]
  const child = spawn(file, args, {
    cwd: root,
    env: { ...process.env, INIT_CWD: process.env.INIT_CWD ?? process.cwd(), ...env },
    stdio,
    shell,
    detached: server,
  })
  const handOn = (signal) => {
    const everywhere = terminal && !server && signal !== 'SIGTERM'
    if (!everywhere) child.kill(signal)
  }
  for (const signal of signals) process.on(signal, handOn)
  const stopWatching = server ? watchParent(() => child.kill('SIGTERM')) : () => {}
  let output = ''
  child.stdout?.on('data', (chunk) => (output += chunk))
  child.stderr?.on('data', (chunk) => (output += chunk))
  return new Promise((done, fail) => {
    child.on('error', (error) => fail(new Failure(`${file} can't be run: ${error.message}`)))
    child.on('close', (code, signal) => {
      for (const name of signals) process.off(name, handOn)
      stopWatching()
      done({ code, signal, output })
    })
  })
}

// npm that is killed doesn't end what it runs.
function watchParent(gone) {
  const parent = process.ppid
  if (!process.env.npm_lifecycle_event) return () => {}
  const timer = setInterval(() => process.ppid !== parent && gone(), 1000)
  return () => clearInterval(timer)
}

// Loaded into a server before its own code: the channel ends when the process that holds its other end does.
const leash = `if (process.channel && process.ppid === ${process.pid}) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}`

function runtime() {
  if (!tooOld) return process.execPath
  const pinned = pinnedNode()
  if (pinned && existsSync(pinned)) return pinned
  const what = `Node ${wantedMajor} or newer is needed (this is ${process.versions.node})`
  throw new Failure(
    pinned
      ? `${what}, and its package is not installed: run npm ci without --omit=optional`
      : `${what}: there is no package of it for ${process.platform}-${process.arch}, so install it`,
  )
}

function program([name, bin, ...args]) {
  const entry = json('node_modules', name, 'package.json')?.bin
  const path = typeof entry === 'string' ? entry : entry?.[bin]
  if (!path) throw new Failure(`${name} is not installed: run npm ci`)
  return [join(root, 'node_modules', name, path), ...args]
}

async function check() {
  const colour = process.stdout.isTTY
  const parts = [
    ['types', ['typescript', 'tsc', '--noEmit', '--pretty', String(Boolean(colour))]],
    ['lint', ['@biomejs/biome', 'biome', 'check', `--colors=${colour ? 'force' : 'off'}`, '.']],
  ]
  const results = await Promise.all(
    parts.map(async ([name, bin]) => {
      const { code, signal, output } = await run(runtime(), program(bin), { capture: true })
      if (signal) throw new Failure(`check: ${name} ended with ${signal}`)
      console.error(code === 0 ? `check: ${name} ok` : `check: ${name} failed\n${output.trimEnd()}\n`)
      return code === 0
    }),
  )
  return results.every(Boolean)
}

async function bundled(entry) {
  const { build } = await import('./build.mjs')
  const file = await build(entry).catch((error) => {
    throw new Failure(`src/${entry}.ts can't be bundled: ${error.message.split('\n')[0]}`)
  })
  return ['--enable-source-maps', '--import', `data:text/javascript,${encodeURIComponent(leash)}`, file]
}

async function main([name, ...rest]) {
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined
  if (!command)
    throw new Failure(
      `${name ? `There is no command ${name}.` : 'Which command?'} Commands: ${Object.keys(commands).join(', ')}`,
      2,
    )
  const development = !withoutDevelopment.some((key) => command[key])
  if (!installed(development)) await install(development)
  const node = runtime()
  const sound = !command.check || (await check())
  if (!command.bundle && !command.node && !command.bin) return { code: sound ? 0 : 1 }
  if (!sound) console.error('The checks failed, see above; the tests run nevertheless.\n')
  const first = command.bundle ? await bundled(command.bundle) : (command.node ?? program(command.bin))
  const args = [...first, ...(command.named ? [name] : []), ...rest, ...(command.last ?? [])]
  const env = { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'), ...command.env }
  const outcome = await run(node, args, { env, server: command.server })
  if (outcome.code === 127 && node !== process.execPath)
    console.error('If a shared library is missing, install it; on Debian: apt-get install libatomic1')
  return outcome.code === 0 && !sound ? { code: 1 } : outcome
}

try {
  const { code, signal } = await main(process.argv.slice(2))
  if (signal) process.kill(process.pid, signal)
  else process.exitCode = code
} catch (error) {
  if (!(error instanceof Failure)) throw error
  console.error(error.message)
  process.exitCode = error.code
}
