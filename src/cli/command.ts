import { userInfo } from 'node:os'
import type { ParseArgsOptionsConfig } from 'node:util'
import type { z } from 'zod'
import { type Operator, Refused } from '#src/cli/operations/accounts.ts'
import { ask, type Terminal, UsageError } from '#src/cli/prompt.ts'
import type { Config } from '#src/config.ts'
import { about } from '#src/locale/instructions.ts'
import { line } from '#src/resource/kinds/lines.ts'

/** What a command is called with. */
export type CommandInput = {
  config: Config
  values: Record<string, string | boolean | undefined>
  names: string[]
  terminal: Terminal
}

/** `data` for programs, `text` for people, `messages` beside either. */
export type Outcome = { ok: boolean; data: object; text?: string; messages?: string[] }

export type Command = {
  usage: string
  does: string
  help: string
  options: ParseArgsOptionsConfig
  /** How many names stand beside the options. */
  takes: number
  run(given: CommandInput): Promise<Outcome>
}

export const text = (value: string | boolean | undefined) => (typeof value === 'string' ? value : undefined)
export const REASON = '  --reason TEXT        why, for the audit log'

/** Who has the machine, for the trail. */
export function operator(command: string, { values }: CommandInput): Operator {
  let name = 'unknown'
  try {
    name = userInfo().username
  } catch {
    // a container may run as somebody whom its system doesn't know
    name = `user ${process.getuid?.() ?? '?'}`
  }
  const reason = text(values.reason)
  return { command, name, reason: reason === undefined ? null : valid('The reason', line(500), reason) }
}

/** @throws {Refused} with the field and what is wrong */
export function valid<T>(field: string, schema: z.ZodType<T>, value: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new Refused(`${about(field, parsed.error.issues[0]?.message ?? '')}.`)
}

/** An option, or what a person at the terminal answers. */
export async function wanted(
  { values, terminal }: CommandInput,
  flag: string,
  question: string,
): Promise<string> {
  const value = text(values[flag])
  if (value !== undefined) return value
  if (!terminal.asks) throw new UsageError(`Add --${flag}.`)
  return ask(terminal, question)
}
