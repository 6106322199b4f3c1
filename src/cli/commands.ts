import { resolve } from 'node:path'
import { type Command, type Given, type Outcome, operator, REASON, text } from '#src/cli/command.ts'
import { asApplication, asOwner } from '#src/cli/connection.ts'
import { jobsCommand } from '#src/cli/jobs.ts'
import { keysCommand } from '#src/cli/keys.ts'
import { mailCommand } from '#src/cli/mail.ts'
import { organizationCommand } from '#src/cli/organization.ts'
import { administratorCommand, personCommand } from '#src/cli/people.ts'
import { newPassword, strongPassword, UsageError } from '#src/cli/prompt.ts'
import { secondFactorCommand } from '#src/cli/second-factor.ts'
import { secretsCommand } from '#src/cli/secrets.ts'
import { sessionsCommand } from '#src/cli/sessions.ts'
import { calledFrom } from '#src/config.ts'
import { fn } from '#src/db/functions.ts'
import { hasAccount, Refused, resetPassword, unlock } from '#src/domains/auth/break-glass.ts'
import { importUsers } from '#src/domains/users/import.ts'
import type { ImportError } from '#src/domains/users/import-file.ts'
import { hashPassword } from '#src/platform/passwords.ts'

const line = ({ line: number, field, message }: ImportError) =>
  [number === null ? '' : `line ${number}: `, field === null ? '' : `${field} `, message].join('')

export const commands: Record<string, Command> = {
  'import:users': {
    usage: 'FILE [--organization SLUG] [--create-groups] [--dry-run] [--json]',
    does: 'imports people from a CSV file: all of them, or nobody',
    help: `FILE is UTF-8, separated by commas, semicolons or tabs, with a header. Columns, in any order:
  username, email           needed
  first_name, last_name
  roles                     names, separated by ;
  groups                    Name or kind:Name, with =lead, =member or =viewer behind, separated by ;
Options:
  --organization SLUG  other than the default one
  --create-groups      make departments and teams that are not there
  --dry-run            check everything, keep nothing`,
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
    does: 'lets a user name or address that is locked sign in again at once',
    help: `NAME is a user name or an e-mail address; names that nobody has lock, too.
Options:
${REASON}`,
    options: { reason: { type: 'string' } },
    takes: 1,
    run: unlocking,
  },
  'admin:reset-password': {
    usage: 'NAME [--generate | --password-stdin] [--reason TEXT] [--json]',
    does: 'sets a password, ends all sessions of the account and unlocks it',
    help: `NAME is a user name or an e-mail address. Asks for the password at a terminal, else reads standard input.
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

async function importing({ config, values, names }: Given): Promise<Outcome> {
  const begun = performance.now()
  const slug = text(values.organization) ?? null
  const dryRun = values['dry-run'] === true
  return asApplication(config, async (db) => {
    const org = await db.lookup(fn.find_organization<Place | null>({ place_slug: slug }))
    if (!org) throw new Refused(`There is no organization ${slug}.`)
    if (org.status !== 'active') throw new Refused(`The organization ${org.slug} is ${org.status}.`)
    const file = resolve(calledFrom, names[0] as string)
    const options = { createGroups: values['create-groups'] === true, dryRun }
    const { imported, groups, errors } = await importUsers(db, org.id, file, options)
    const seconds = Math.round(performance.now() - begun) / 1000
    const data = { organization: org.slug, dry_run: dryRun, imported, groups, seconds, errors }
    if (errors.length) {
      const count = errors.length === 1 ? '1 thing is' : `${errors.length} things are`
      const makes =
        !options.createGroups && errors.some(({ message }) => message.startsWith('has an unknown group'))
      const hint = makes ? ['Departments and teams that are not there are made with --create-groups.'] : []
      return {
        ok: false,
        data,
        messages: [...errors.map(line), `Nobody was imported: ${count} wrong.`, ...hint],
      }
    }
    const made = groups.length ? `, with ${groups.length} new groups` : ''
    const done = dryRun ? 'Nothing is wrong: would import' : 'Imported'
    return {
      ok: true,
      data,
      text: `${done} ${imported} people into ${org.name}${made} (${seconds.toFixed(1)} s).`,
    }
  })
}

async function unlocking(given: Given): Promise<Outcome> {
  const name = given.names[0] as string
  const data = await asOwner(given.config, (db) => unlock(db, name, operator('admin:unlock', given)))
  const before = data.was_locked ? 'was locked' : `was not locked, with ${data.failed_logins} failed attempts`
  const whose = data.account ? '' : ' It is no user name or address of an account.'
  return { ok: true, data, text: `${data.name} can sign in again (${before}).${whose}` }
}

async function resetting(given: Given): Promise<Outcome> {
  const { config, values, terminal } = given
  const name = given.names[0] as string
  const generate = values.generate === true
  if (generate && values['password-stdin']) throw new UsageError('Either --generate or --password-stdin.')
  const known = generate || !terminal.asks || (await asOwner(config, (db) => hasAccount(db, name)))
  if (!known) throw new Refused(`${name} is no user name or address of an account.`)
  const password = generate
    ? await strongPassword(config)
    : await newPassword(terminal, config, { fromStdin: values['password-stdin'] === true, about: [name] })
  const hash = await hashPassword(password)
  const data = await asOwner(config, (db) =>
    resetPassword(db, name, hash, operator('admin:reset-password', given)),
  )
  const notes = [
    `${data.username} has a new password; ${data.sessions_ended} sessions ended.`,
    ...(data.activated ? ['They were only invited, and are active now.'] : []),
    ...(data.can_sign_in ? [] : ['They can’t sign in: the account or the person is disabled.']),
  ]
  if (!generate) return { ok: true, data, text: notes.join('\n') }
  return { ok: true, data: { ...data, password }, text: password, messages: notes }
}
