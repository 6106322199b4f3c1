// Starts programs and passes on signals and exit codes.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** An error a person can fix: prints only its message, and exits with `code`. */
export class Failure extends Error {
  constructor(message, code = 1) {
    super(message)
    this.code = code
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY

/** Runs a program to its end, passing on signals. */
export function run(file, args, { env, capture = false, server = false, shell = false } = {}) {
  const stdio = capture
    ? ['ignore', 'pipe', 'pipe']
    : ['inherit', 'inherit', 'inherit', ...(server ? ['ipc'] : [])]
  const child = spawn(file, args, {
    cwd: root,
    env: { ...process.env, INIT_CWD: process.env.INIT_CWD ?? process.cwd(), ...env },
    stdio,
    shell,
    detached: server && process.platform !== 'win32',
  })
  const handOn = (signal) => {
    const everywhere = terminal && !server && signal !== 'SIGTERM'
    if (!everywhere) child.kill(signal)
    stopWatching()
  }
  for (const signal of signals) process.on(signal, handOn)
  const stopWatching = server ? watchParents(() => handOn('SIGTERM')) : () => {}
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

// Neither npm nor its shell passes everything on when it ends.
function watchParents(gone) {
  if (!process.env.npm_lifecycle_event) return () => {}
  const before = parents()
  const timer = setInterval(() => parents() !== before && gone(), 250)
  return () => clearInterval(timer)
}

function parents() {
  const { ppid } = process
  try {
    const [, name, rest] = readFileSync(`/proc/${ppid}/stat`, 'utf8').match(/^\d+ \((.*)\) \S (.*)/s)
    return /^(ba|da)?sh$/.test(name) ? `${ppid} ${rest.split(' ')[0]}` : `${ppid}`
  } catch {
    return `${ppid}`
  }
}
