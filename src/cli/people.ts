import {
  type Command,
  type CommandInput,
  type Outcome,
  operator,
  REASON,
  text,
  valid,
  wanted,
} from '#src/cli/command.ts'
import { asOwner } from '#src/cli/connection.ts'
import { createPerson } from '#src/cli/operations/accounts.ts'
import { newPassword, UsageError } from '#src/cli/prompt.ts'
import { newUser } from '#src/domains/people/users/model.ts'
import { hashPassword } from '#src/platform/passwords.ts'

const options = {
  username: { type: 'string' },
  email: { type: 'string' },
  'first-name': { type: 'string' },
  'last-name': { type: 'string' },
  organization: { type: 'string' },
  role: { type: 'string' },
  'password-stdin': { type: 'boolean' },
  reason: { type: 'string' },
} as const

const help = (role: string) => `At a terminal, asks for what is missing.
Options:
  --username NAME, --email ADDRESS, --first-name NAME, --last-name NAME
  --organization SLUG  instead of the default organization
${role}
  --password-stdin     reads the password from standard input
${REASON}`

/** `admin:create`. */
export const administratorCommand: Command = {
  usage:
    '[--username NAME --email ADDRESS [--organization SLUG] [--role owner|admin] --password-stdin] [--json]',
  does: 'creates an administrator of an organization',
  help: help(
    '  --role owner|admin   owner (every permission, the default) or admin (people, groups and roles)',
  ),
  options,
  takes: 0,
  run: (given) => creating('admin:create', given, administering(given)),
}

/** `user:create`. */
export const personCommand: Command = {
  usage: '[--username NAME --email ADDRESS [--organization SLUG] [--role NAME] --password-stdin] [--json]',
  does: 'creates a person in an organization',
  help: help('  --role NAME          an existing role; user by default'),
  options,
  takes: 0,
  run: (given) => creating('user:create', given, text(given.values.role) ?? 'user'),
}

function administering({ values }: CommandInput): string {
  const role = text(values.role) ?? 'owner'
  if (role !== 'owner' && role !== 'admin') throw new UsageError('--role is owner or admin.')
  return role
}

async function creating(command: string, given: CommandInput, role: string): Promise<Outcome> {
  const { config, values, terminal } = given
  const stdin = values['password-stdin'] === true
  const { shape } = newUser
  const username = valid('The user name', shape.username, await wanted(given, 'username', 'User name'))
  const email = valid('The e-mail address', shape.email, await wanted(given, 'email', 'E-mail address'))
  const first_name = valid('The first name', shape.first_name, text(values['first-name']) ?? '')
  const last_name = valid('The last name', shape.last_name, text(values['last-name']) ?? '')
  if (!stdin && !terminal.asks)
    throw new UsageError('Add --password-stdin: there is no terminal to ask for the password.')
  const about = [username, email, first_name, last_name]
  const passwordHash = await hashPassword(await newPassword(terminal, config, { fromStdin: stdin, about }))
  const organization = text(values.organization) ?? null
  const person = { username, email, first_name, last_name, role, organization, passwordHash }
  const by = operator(command, given)
  const data = await asOwner(config, (db) => createPerson(db, person, by), { setUp: true })
  return { ok: true, data, text: `${username} is ${role} of ${data.organization} and can sign in.` }
}
