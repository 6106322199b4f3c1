import { type Command, type CommandInput, type Outcome, operator, REASON } from '#src/cli/command.ts'
import { asOwner } from '#src/cli/connection.ts'
import { resealSecrets } from '#src/cli/operations/secrets.ts'
import { UsageError } from '#src/cli/prompt.ts'

/** `secrets:rotate`. */
export const secretsCommand: Command = {
  usage: '[--reason TEXT] [--json]',
  does: 're-encrypts what is stored under SECRET_KEY_PREVIOUS with SECRET_KEY',
  help: `First give every process the new key as SECRET_KEY and the old one as SECRET_KEY_PREVIOUS, and start it again.
Then run this; SECRET_KEY_PREVIOUS can go afterwards. Browsers and programs stay signed in; forms that are open
then have to be sent again.
Options:
${REASON}`,
  options: { reason: { type: 'string' } },
  takes: 0,
  run: rotating,
}

async function rotating(given: CommandInput): Promise<Outcome> {
  const { config } = given
  if (!config.SECRET_KEY_PREVIOUS)
    throw new UsageError('SECRET_KEY_PREVIOUS is not set: nothing to rotate from.')
  const by = operator('secrets:rotate', given)
  const data = await asOwner(config, (db) => resealSecrets(db, config, by))
  const { sealed, lost } = data
  const opened = lost
    ? ` ${lost} could be opened with neither key: run admin:reset-second-factor for those people.`
    : ''
  return { ok: lost === 0, data, text: `${sealed} two-step verification keys re-encrypted.${opened}` }
}
