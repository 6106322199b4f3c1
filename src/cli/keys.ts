import { text as read } from 'node:stream/consumers'
import { type Command, type CommandInput, type Outcome, operator, REASON, text } from '#src/cli/command.ts'
import { asOwner } from '#src/cli/connection.ts'
import { revokeKeys, type Which } from '#src/cli/operations/keys.ts'
import { UsageError } from '#src/cli/prompt.ts'

/** `keys:revoke`. */
export const keysCommand: Command = {
  usage: '[--key PREFIX | --secret-stdin | --of NAME [--organization SLUG]] [--reason TEXT] [--json]',
  does: 'revokes one API key, or all keys of a person or service account',
  help: `Options:
  --key PREFIX         the key with this prefix (amb_ and eight characters) or id
  --secret-stdin       reads a whole secret from standard input, such as one that leaked
  --of NAME            all keys of this user name or e-mail address, in every organization
  --organization SLUG  only in this one
${REASON}`,
  options: {
    key: { type: 'string' },
    'secret-stdin': { type: 'boolean' },
    of: { type: 'string' },
    organization: { type: 'string' },
    reason: { type: 'string' },
  },
  takes: 0,
  run: revoking,
}

async function revoking(given: CommandInput): Promise<Outcome> {
  const which = await named(given)
  const revoked = await asOwner(given.config, (db) => revokeKeys(db, which, operator('keys:revoke', given)))
  const lines = revoked.map(
    (key) => `${key.prefix}… (${key.name}) of ${key.user} in ${key.organization} is revoked.`,
  )
  return { ok: true, data: { revoked }, text: lines.join('\n') }
}

async function named({ values, terminal }: CommandInput): Promise<Which> {
  const [key, name] = [text(values.key), text(values.of)]
  const fromStdin = values['secret-stdin'] === true
  if ([key !== undefined, name !== undefined, fromStdin].filter(Boolean).length !== 1)
    throw new UsageError('Choose one of --key, --secret-stdin and --of.')
  if (values.organization !== undefined && name === undefined)
    throw new UsageError('Use --organization together with --of.')
  if (key !== undefined) return { prefix: key }
  if (name !== undefined) return { name, organization: text(values.organization) ?? null }
  return { secret: (await read(terminal.input)).trim() }
}
