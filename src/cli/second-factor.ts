import { type Command, type CommandInput, type Outcome, operator, REASON } from '#src/cli/command.ts'
import { asOwner } from '#src/cli/connection.ts'
import { resetSecondFactor } from '#src/cli/operations/second-factor.ts'

/** `admin:reset-second-factor`. */
export const secondFactorCommand: Command = {
  usage: 'NAME [--reason TEXT] [--json]',
  does: 'removes two-step verification and recovery codes, and signs the account out everywhere',
  help: `NAME is a user name or an e-mail address. Anyone whose role requires two-step verification sets it up again
after signing in. First make sure that the request really comes from them.
Options:
${REASON}`,
  options: { reason: { type: 'string' } },
  takes: 1,
  run: resetting,
}

async function resetting(given: CommandInput): Promise<Outcome> {
  const name = given.names[0] as string
  const by = operator('admin:reset-second-factor', given)
  const data = await asOwner(given.config, (db) => resetSecondFactor(db, name, by))
  const ended = data.sessions_ended === 1 ? '1 session' : `${data.sessions_ended} sessions`
  return {
    ok: true,
    data,
    text: `${data.username} no longer has two-step verification; ${ended} signed out.`,
  }
}
