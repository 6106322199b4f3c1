import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestProject } from 'vitest/node'

/** What every worker needs to make its database: see `server.ts`, which prints it. */
export type Template = {
  /** The owner's URL of the migrated database, which nobody connects to: it is only cloned. */
  ownerUrl: string
  /** The application role's URL of the same. */
  appUrl: string
  role: string
  version: string
  /** argon2id of `PASSWORD` in `secrets.ts`, made once. */
  passwordHash: string
}

declare module 'vitest' {
  interface ProvidedContext {
    template: Template
  }
}

/**
 * Starts the database server of the tests in a process of its own, whose standard input is a leash: when it ends
 * (after the tests, at Ctrl-C, by a kill), that process drops what was made and ends, too.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'server.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  const ended = once(child, 'exit')
  const line = createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  const { value } = await line
  if (!value) throw new Error('The database of the tests did not start: see above.')
  project.provide('template', JSON.parse(value))
  return async () => {
    child.stdin.end()
    const [code] = await ended
    if (code !== 0) throw new Error('The database of the tests did not end well: see above.')
  }
}
