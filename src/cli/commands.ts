import { resolve } from 'node:path'
import { type Command, type CommandInput, type Outcome, operator, REASON, text } from '#src/cli/command.ts'
import { asApplication, asOwner } from '#src/cli/connection.ts'
import { jobsCommand } from '#src/cli/jobs.ts'
import { keysCommand } from '#src/cli/keys.ts'
import { mailCommand } from '#src/cli/mail.ts'
import { hasAccount, Refused, resetPassword, unlock } from '#src/cli/operations/accounts.ts'
import { organizationCommand } from '#src/cli/organization.ts'
import { administratorCommand, personCommand } from '#src/cli/people.ts'
import { newPassword, strongPassword, UsageError } from '#src/cli/prompt.ts'
import { secondFactorCommand } from '#src/cli/second-factor.ts'
import { secretsCommand } from '#src/cli/secrets.ts'
import { sessionsCommand } from '#src/cli/sessions.ts'
import { calledFrom } from '#src/config.ts'
import { fn } from '#src/db/functions.ts'
import { importUsers } from '#src/domains/people/import/command-actions.ts'
import { hashPassword } from '#src/platform/passwords.ts'
import type { ImportError } from '#src/resource/import/import.ts'

const line = ({ line: number, column, message }: ImportError) =>
  [number === null ? '' : `line ${number}: `, column === null ? '' : `${column} `, message].join('')

export const commands: Record<string, Command> = {
  'import:users': {
    usage: 'FILE [--organization SLUG] [--create-groups] [--dry-run] [--json]',
    does: 'imports people from a CSV file, all or none',
    help: `FILE is UTF-8, separated by commas, semicolons or tabs, with a header. An export of people can be imported as is;
unknown columns are skipped and listed. Columns, in any order:
  username, email           required
  first_name, last_name, locale, time_zone
  roles                     names, separated by ;  With an expiry: Night=2026-12-31T23:00:00Z
  groups                    Name or kind:Name, optionally with =lead, =member or =viewer, separated by ;
  status, kind              checked only: disabled people and service accounts are refused
Options:
  --organization SLUG  instead of the default organization
  --create-groups      creates missing departments and teams
  --dry-run            checks everything, imports nothing`,
    options: {
      organization: { type: 'string' },
      'create-groups': { type: 'boolean' },
      'dry-run': { type: 'boolean' },
    },
    takes: 1,
    run: importing,
  },
  'admin:create': administratorCommand,
  'user:create': personCommand,
  'org:create': organizationCommand,
  'admin:unlock': {
    usage: 'NAME [--reason TEXT] [--json]',
    does: 'unlocks a user name or e-mail address',
    help: `NAME is a user name or an e-mail address; names without an account get locked, too.
Options:
${REASON}`,
    options: { reason: { type: 'string' } },
    takes: 1,
    run: unlocking,
  },
  'admin:reset-password': {
    usage: 'NAME [--generate | --password-stdin] [--reason TEXT] [--json]',
    does: 'sets a password, unlocks the account and signs it out everywhere',
    help: `NAME is a user name or an e-mail address. Asks for the password at a terminal, otherwise reads it from standard input.
Options:
  --generate           makes a strong password, and prints it once
  --password-stdin     reads the password from standard input
${REASON}`,
    options: {
      generate: { type: 'boolean' },
      'password-stdin': { type: 'boolean' },
      reason: { type: 'string' },
    },
    takes: 1,
    run: resetting,
  },
  'admin:reset-second-factor': secondFactorCommand,
  'sessions:revoke-all': sessionsCommand,
  'keys:revoke': keysCommand,
  'secrets:rotate': secretsCommand,
  'mail:test': mailCommand,
  'jobs:dead': jobsCommand,
}

type Place = { id: string; name: string; slug: string; status: string }

async function importing({ config, values, names }: CommandInput): Promise<Outcome> {
  const begun = performance.now()
  const slug = text(values.organization) ?? null
  const dryRun = values['dry-run'] === true
  return asApplication(config, async (db) => {
    const org = await db.lookup(fn.find_organization<Place | null>({ place_slug: slug }))
    if (!org) throw new Refused(`No organization ${slug}.`)
    if (org.status !== 'active') throw new Refused(`The organization ${org.slug} is ${org.status}.`)
    const file = resolve(calledFrom, names[0] as string)
    const options = {
      createGroups: values['create-groups'] === true,
      dryRun,
      mostMb: config.IMPORT_LIMIT_MB,
    }
    const report = await importUsers(db, org.id, file, options)
    const { imported, groups, notes, error_count, errors, ignored_columns } = report
    const seconds = Math.round(performance.now() - begun) / 1000
    const data = { organization: org.slug, dry_run: dryRun, ...report, seconds }
    if (error_count) {
      const count = error_count === 1 ? '1 error' : `${error_count} errors`
      const makes =
        !options.createGroups && errors.some(({ message }) => message.startsWith('has an unknown group'))
      const hint = makes ? ['Add --create-groups to create missing departments and teams.'] : []
      return {
        ok: false,
        data,
        messages: [...errors.map(line), `Nothing imported: ${count}.`, ...hint],
      }
    }
    const made = groups.length ? `, with ${groups.length} new groups` : ''
    const left = ignored_columns.length ? ` Columns left out: ${ignored_columns.join(', ')}.` : ''
    const done = dryRun ? 'No errors: would import' : 'Imported'
    const told = `${done} ${imported} people into ${org.name}${made} (${seconds.toFixed(1)} s).${left}`
    return { ok: true, data, text: [told, ...notes.map(({ message }) => message)].join('\n') }
  })
}

async function unlocking(given: CommandInput): Promise<Outcome> {
  const name = given.names[0] as string
  const data = await asOwner(given.config, (db) => unlock(db, name, operator('admin:unlock', given)))
  return { ok: true, data, text: unlocked(data) }
}

type Unlocked = Awaited<ReturnType<typeof unlock>>

function unlocked({ name, account, was_locked, failed_logins }: Unlocked): string {
  const failed = failed_logins === 1 ? '1 failed sign-in was' : `${failed_logins} failed sign-ins were`
  if (!account) return `“${name}”: no such account; ${failed} cleared.`
  if (was_locked) return `${name} is unlocked.`
  return failed_logins
    ? `${name} was not locked; ${failed} cleared.`
    : `${name} was not locked. Nothing to do.`
}

async function resetting(given: CommandInput): Promise<Outcome> {
  const { config, values, terminal } = given
  const name = given.names[0] as string
  const generate = values.generate === true
  if (generate && values['password-stdin'])
    throw new UsageError('Choose one of --generate and --password-stdin.')
  const known = generate || !terminal.asks || (await asOwner(config, (db) => hasAccount(db, name)))
  if (!known) throw new Refused(`${name} is not a user name or e-mail address of an account.`)
  const password = generate
    ? await strongPassword(config)
    : await newPassword(terminal, config, { fromStdin: values['password-stdin'] === true, about: [name] })
  const hash = await hashPassword(password)
  const data = await asOwner(config, (db) =>
    resetPassword(db, name, hash, operator('admin:reset-password', given)),
  )
  const notes = [
    `${data.username} has a new password; ${data.sessions_ended === 1 ? '1 session' : `${data.sessions_ended} sessions`} signed out.`,
    ...(data.activated ? ['They had only been invited and are now active.'] : []),
    ...(data.can_sign_in ? [] : ['They can’t sign in: the account or the person is disabled.']),
  ]
  if (!generate) return { ok: true, data, text: notes.join('\n') }
  return { ok: true, data: { ...data, password }, text: password, messages: notes }
}
