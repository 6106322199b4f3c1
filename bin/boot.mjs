#!/usr/bin/env node
// Runs every command, from Node 18 on: installs the locked packages, then uses the pinned Node. No package imports.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { install, installed, json, runtime } from './packages.mjs'
import { Failure, root, run } from './run.mjs'

const tsx = ['--import', './bin/tsx.mjs']
const admin = { node: [...tsx, 'src/cli.ts'], named: true }
const vitest = { bin: ['vitest', 'vitest', 'run', '--reporter=default', '--reporter=./tests/reporter.ts'] }
const kysely = { bin: ['kysely-ctl', 'kysely'], named: true, last: ['--no-outdated-check'] }

// node: arguments of Node; bin: package, program, arguments; named: passes on the command's name, too
const commands = {
  start: { bundle: 'main', server: 'Installs what is missing, starts the database, migrates and serves' },
  worker: { bundle: 'worker', server: 'Runs jobs and sends mail, apart from the server' },
  dev: { node: ['--watch', ...tsx, 'src/main.ts'] },
  test: { check: true, ...vitest },
  'test:long': { ...vitest, env: { AMBIT_LONG: '1' } },
  'test:browser': { bin: [...vitest.bin, 'tests/browser'] },
  'test:mutations': { node: [...tsx, 'tests/mutations/run.ts'] },
  check: { check: true },
  bench: { node: [...tsx, 'bench/run.ts'] },
  migrate: kysely,
  seed: kysely,
  types: { node: [...tsx, 'bin/types.ts'] },
  settings: { node: [...tsx, 'bin/settings.ts'] },
  'import:users': admin,
  'org:create': admin,
  'admin:create': admin,
  'user:create': admin,
  'admin:unlock': admin,
  'admin:reset-password': admin,
  'admin:reset-second-factor': admin,
  'sessions:revoke-all': admin,
  'keys:revoke': admin,
  'secrets:rotate': admin,
  'mail:test': admin,
  'jobs:dead': admin,
}
const withoutDevelopment = ['bundle', 'named']

// Preloaded into a server: maps errors to sources without reading the whole map at start, as the flag would.
const before = `process.setSourceMapsEnabled(true)
if (process.channel && process.ppid === ${process.pid}) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}`

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
    // unused exports, and undeclared or unused packages
    ['exports', ['knip', 'knip', '--no-progress']],
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
  // V8's default young generation costs 50 MB and more under load, and gains nothing
  return ['--max-semi-space-size=16', '--import', `data:text/javascript,${encodeURIComponent(before)}`, file]
}

async function main([name, ...rest]) {
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined
  if (!command)
    throw new Failure(
      `${name ? `Unknown command ${name}.` : 'Which command?'} Commands: ${Object.keys(commands).join(', ')}`,
      2,
    )
  if (command.server && rest.length) {
    const help = rest.some((word) => ['--help', '-h'].includes(word))
    const told = `Usage: npm ${name === 'start' ? '' : 'run '}${name}\n${command.server}. Settings are environment variables or lines of .env: see docs/configuration.md.`
    if (!help) throw new Failure(`${name} takes no arguments, and was given ${rest.join(' ')}.\n${told}`, 2)
    console.log(told)
    return { code: 0 }
  }
  const development = !withoutDevelopment.some((key) => command[key])
  if (!installed(development)) await install(development)
  const node = runtime()
  const sound = !command.check || (await check())
  if (!command.bundle && !command.node && !command.bin) return { code: sound ? 0 : 1 }
  if (!sound) console.error('Checks failed (see above). Running the tests anyway.\n')
  const script = command.node?.at(-1)
  if (script && !existsSync(join(root, script))) throw new Failure(`${script} is not there`)
  const first = command.bundle ? await bundled(command.bundle) : (command.node ?? program(command.bin))
  const args = [...first, ...(command.named ? [name] : []), ...rest, ...(command.last ?? [])]
  const env = { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'), ...command.env }
  const outcome = await run(node, args, { env, server: Boolean(command.server) })
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
