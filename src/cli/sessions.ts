import { type Command, type CommandInput, type Outcome, operator, REASON, text } from '#src/cli/command.ts'
import { asOwner } from '#src/cli/connection.ts'
import { revokeSessions, type Whose } from '#src/cli/operations/sessions.ts'
import { UsageError } from '#src/cli/prompt.ts'

/** `sessions:revoke-all`. */
export const sessionsCommand: Command = {
  usage: '--user NAME | --organization SLUG | --everyone [--reason TEXT] [--json]',
  does: 'signs out an account, an organization or everyone, everywhere',
  help: `Options:
  --user NAME          a user name or an e-mail address: in all organizations that the person is in
  --organization SLUG  everyone acting in it
  --everyone           everyone, in all organizations
${REASON}`,
  options: {
    user: { type: 'string' },
    organization: { type: 'string' },
    everyone: { type: 'boolean' },
    reason: { type: 'string' },
  },
  takes: 0,
  run: revoking,
}

async function revoking(given: CommandInput): Promise<Outcome> {
  const whose = chosen(given)
  const by = operator('sessions:revoke-all', given)
  const sessions_ended = await asOwner(given.config, (db) => revokeSessions(db, whose, by))
  const count = sessions_ended === 1 ? '1 session' : `${sessions_ended} sessions`
  return { ok: true, data: { sessions_ended }, text: `${count} signed out.` }
}

function chosen({ values }: CommandInput): Whose {
  const [user, organization] = [text(values.user), text(values.organization)]
  const named: Whose[] = [
    ...(user === undefined ? [] : [{ user }]),
    ...(organization === undefined ? [] : [{ organization }]),
    ...(values.everyone ? ['everyone' as const] : []),
  ]
  if (named.length !== 1) throw new UsageError('Choose one of --user, --organization and --everyone.')
  return named[0] as Whose
}
