import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { unique } from '#tests/factories.ts'
import { testDatabase } from '#tests/setup/database.ts'
import { SECRET } from '#tests/setup/secrets.ts'

const { ownerUrl } = await testDatabase()
export const root = resolve(import.meta.dirname, '..')
let folder: string

/** A folder for the files and data of the tests of this file. */
export function useFolder(): void {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cli '))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
}

/** A process of the command line, at its end. */
export type Run = { code: number | null; stdout: string; stderr: string }

export type Options = { stdin?: string; env?: Record<string, string> }

const program = ['--import', './bin/tsx.mjs', 'src/cli.ts']

/** Begins a command as the owner of the tests' database, in a process of its own. */
export function begin(args: string[], { stdin = '', env = {} }: Options = {}) {
  const begun = start(process.execPath, [...program, ...args], env)
  begun.child.stdin.end(stdin)
  return begun
}

/** The same at a terminal of its own, whose input stays open. */
export function beginAtTerminal(args: string[]) {
  const words = [process.execPath, ...program, ...args].map((word) => `'${word}'`)
  return start('script', ['--quiet', '--return', '--command', words.join(' '), '/dev/null'], {})
}

function start(file: string, args: string[], env: Record<string, string>) {
  const settings = {
    DATABASE_URL: ownerUrl,
    DATA_DIR: join(folder, 'data'),
    SECRET_KEY: SECRET,
    ENVIRONMENT: 'test',
  }
  const child = spawn(file, args, { cwd: root, env: { PATH: process.env.PATH, ...settings, ...env } })
  child.stdin.on('error', () => {})
  const seen = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk) => {
      seen[name] += chunk
    })
  }
  return { child, done: once(child, 'close').then(([code]): Run => ({ code, ...seen })) }
}

export const run = (args: string[], options?: Options) => begin(args, options).done

export async function file(content: string, name = `${unique('people')}.csv`): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}
