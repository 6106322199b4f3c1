import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Refused } from '#src/cli/operations/accounts.ts'
import type { Config } from '#src/config.ts'
import { weakness } from '#src/platform/password-policy.ts'

/** Where a person answers; questions are messages, so they go beside the data. */
export type Terminal = {
  input: NodeJS.ReadStream | NodeJS.ReadableStream
  output: NodeJS.WritableStream
  /** Whether a person sits there. */
  asks: boolean
}

/** What was given is not what the command takes: exit code 2. */
export class UsageError extends Error {}

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })

/** @param hidden what is typed doesn't show */
export async function ask(
  { input, output }: Terminal,
  question: string,
  { hidden = false } = {},
): Promise<string> {
  // first, for it ends the terminal's own echo
  const lines = createInterface({ input, output: hidden ? nowhere() : output, terminal: true })
  if (hidden) output.write(`${question}: `)
  const closed = new Promise<never>((_, reject) =>
    lines.once('close', () => reject(new Refused('Nothing changed.'))),
  )
  try {
    return await Promise.race([lines.question(`${question}: `), closed])
  } finally {
    lines.close()
    if (hidden) output.write('\n')
  }
}

/** A password by the rules of the settings: asked for twice where a person sits, else all of standard input. */
export async function newPassword(
  terminal: Terminal,
  config: Config,
  { fromStdin, about }: { fromStdin: boolean; about: readonly string[] },
): Promise<string> {
  if (fromStdin || !terminal.asks) {
    const password = (await text(terminal.input)).replace(/\r?\n$/, '')
    const weak = await refused(password, config, about)
    if (weak) throw new Refused(`The password ${weak}.`)
    return password
  }
  for (;;) {
    const password = await ask(terminal, 'Password', { hidden: true })
    const weak = await refused(password, config, about)
    if (weak) terminal.output.write(`The password ${weak}.\n`)
    else if ((await ask(terminal, 'Once more', { hidden: true })) === password) return password
    else terminal.output.write('The passwords differ.\n')
  }
}

async function refused(password: string, config: Config, about: readonly string[]): Promise<string | null> {
  if (!password) return 'is required'
  return password.length > 1000 ? 'has at most 1000 characters' : weakness(password, config, about)
}

/** Without letters and digits that look alike. */
const letters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_.!+'

/** A random password that the rules take. */
export async function strongPassword(config: Config): Promise<string> {
  const length = Math.max(24, config.PASSWORD_MIN_LENGTH)
  for (;;) {
    const numbers = crypto.getRandomValues(new Uint8Array(length * 2))
    const password = [...numbers]
      .filter((number) => number < 4 * letters.length)
      .slice(0, length)
      .map((number) => letters[number % letters.length])
      .join('')
    if (password.length === length && !(await weakness(password, config))) return password
  }
}
