import { parseArgs } from 'node:util'
import type { Command, Outcome } from '#src/cli/command.ts'
import { commands } from '#src/cli/commands.ts'
import { Refused } from '#src/cli/operations/accounts.ts'
import { type Terminal, UsageError } from '#src/cli/prompt.ts'
import { ConfigError, readConfig } from '#src/config.ts'
import { EmbeddedError } from '#src/db/embedded.ts'
import { DatabaseError, Unavailable } from '#src/db/errors.ts'
import { SchemaError } from '#src/db/migrate.ts'
import { UnsafeDatabase } from '#src/db/selfcheck.ts'

const foreseeable = [
  Refused,
  ConfigError,
  EmbeddedError,
  SchemaError,
  DatabaseError,
  UnsafeDatabase,
  Unavailable,
  UsageError,
]

const LOCK_TIMEOUT = '55P03'

const list = () =>
  Object.entries(commands)
    .map(([name, { does }]) => `  ${name.padEnd(22)}${does}`)
    .join('\n')

const usage = (name: string, command: Command) => `Usage: npm run ${name} -- ${command.usage}`

function parsed(command: Command, args: string[]) {
  try {
    const options = {
      ...command.options,
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    } as const
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

async function main([name = '', ...args]: string[]): Promise<number> {
  if (['--help', '-h', 'help'].includes(name))
    return out(`Commands:\n${list()}\nAdd --help to a command for details.`)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command)
    return complain(`${name ? `Unknown command ${name}.` : 'Which command?'} Commands:\n${list()}`, 2)
  let json = args.includes('--json')
  try {
    const { values, positionals } = parsed(command, args)
    json = values.json === true
    if (values.help)
      return out(
        `${usage(name, command)}\n${name} ${command.does}.\n\n${command.help}\n  --json               answers as JSON`,
      )
    if (positionals.length !== command.takes)
      throw new UsageError(
        positionals.length < command.takes ? 'An argument is missing.' : 'Too many arguments.',
      )
    const terminal: Terminal = {
      input: process.stdin,
      output: process.stderr,
      asks: process.stdin.isTTY === true,
    }
    const outcome = await command.run({
      config: readConfig(),
      values: values as never,
      names: positionals,
      terminal,
    })
    return tell(outcome, json)
  } catch (error) {
    const busy = (error as { code?: string }).code === LOCK_TIMEOUT
    if (!busy && !foreseeable.some((kind) => error instanceof kind)) throw error
    const message = busy
      ? 'Someone else is changing the same thing. Nothing changed; try again.'
      : (error as Error).message
    if (json) out(JSON.stringify({ error: message }))
    if (!(error instanceof UsageError)) return complain(message, 1)
    return complain(`${message}\n${usage(name, command)}`, 2)
  }
}

function tell({ ok, data, text, messages = [] }: Outcome, json: boolean): number {
  if (json) out(JSON.stringify(data))
  else if (text) out(text)
  // as JSON, the data says it all
  if (messages.length && !json) complain(messages.join('\n'), 1)
  return ok ? 0 : 1
}

function out(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

function complain(text: string, code: number): number {
  process.stderr.write(`${text}\n`)
  return code
}

process.exitCode = await main(process.argv.slice(2))
