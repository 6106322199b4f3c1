// an organization gets the permissions of all that is declared
import '#src/app.ts'
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
import { createOrganization } from '#src/cli/operations/organizations.ts'
import { newPassword, UsageError } from '#src/cli/prompt.ts'
import { newOrganization, slugOf } from '#src/domains/organizations/organizations/model.ts'
import { hashPassword } from '#src/platform/passwords.ts'

const { name: nameRule, slug: slugRule, owner_username, owner_email } = newOrganization.in.shape

/** `org:create`. */
export const organizationCommand: Command = {
  usage:
    '[--name NAME [--slug SLUG] | --platform] [--owner-username NAME --owner-email ADDRESS --password-stdin] [--json]',
  does: 'creates an organization with its owner, or the superadmin of the platform',
  help: `At a terminal, asks for what is missing.
Options:
  --name NAME          of the organization
  --slug SLUG          its short name, made from the name if not given
  --platform           the platform organization instead: its first superadmin manages and enters all others
  --owner-username NAME, --owner-email ADDRESS
  --password-stdin     reads the owner's password from standard input
${REASON}`,
  options: {
    name: { type: 'string' },
    slug: { type: 'string' },
    platform: { type: 'boolean' },
    'owner-username': { type: 'string' },
    'owner-email': { type: 'string' },
    'password-stdin': { type: 'boolean' },
    reason: { type: 'string' },
  },
  takes: 0,
  run: creating,
}

async function creating(given: CommandInput): Promise<Outcome> {
  const { config, values, terminal } = given
  const platform = values.platform === true
  const stdin = values['password-stdin'] === true
  if (platform && (text(values.name) ?? text(values.slug)) !== undefined)
    throw new UsageError('--platform has its own name and slug.')
  const place = platform ? null : await named(given)
  const username = valid(
    'The user name',
    owner_username,
    await wanted(given, 'owner-username', 'User name of the owner'),
  )
  const email = valid(
    'The e-mail address',
    owner_email,
    await wanted(given, 'owner-email', 'E-mail address of the owner'),
  )
  if (!stdin && !terminal.asks)
    throw new UsageError('Add --password-stdin: there is no terminal to ask for the password.')
  const about = [username, email, place?.name ?? '']
  const passwordHash = await hashPassword(await newPassword(terminal, config, { fromStdin: stdin, about }))
  const data = await asOwner(
    config,
    (db) => createOrganization(db, place, { username, email, passwordHash }, operator('org:create', given)),
    { setUp: true },
  )
  const { organization, person } = data
  const what = platform
    ? 'The platform organization exists'
    : `Created ${organization.name} (${organization.slug})`
  return { ok: true, data, text: `${what}; ${person.username} is its ${person.role} and can sign in.` }
}

async function named(given: CommandInput): Promise<{ name: string; slug: string }> {
  const name = valid('The name', nameRule, await wanted(given, 'name', 'Name of the organization'))
  const slug = valid('The slug', slugRule, text(given.values.slug) ?? slugOf(name))
  if (!slug) throw new UsageError('Add --slug: this name has no letters or digits to make one from.')
  return { name, slug }
}
