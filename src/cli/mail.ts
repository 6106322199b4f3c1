import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { type Command, type CommandInput, type Outcome, valid } from '#src/cli/command.ts'
import { Refused } from '#src/cli/operations/accounts.ts'
import { carrierOf } from '#src/platform/mail/carrier.ts'
import type { Sending } from '#src/platform/mail/letter.ts'
import { aroundOf, composed } from '#src/platform/mail/sending.ts'
import { test } from '#src/platform/mail/test-mail.ts'

/** `mail:test`. */
export const mailCommand: Command = {
  usage: 'ADDRESS [--json]',
  does: 'sends a test mail right away and says whether the mail server took it',
  help: 'Uses SMTP_URL (or SMTP_HOST and so on), EMAIL_FROM and PUBLIC_URL; needs no database.',
  options: {},
  takes: 1,
  run: sending,
}

async function sending({ config, names }: CommandInput): Promise<Outcome> {
  const to = valid('The address', z.email(), names[0] as string)
  if (!config.SMTP_URL && !config.SMTP_HOST)
    throw new Refused('No mail server is configured: set SMTP_URL or SMTP_HOST.')
  const around = aroundOf(config, null)
  const letter = await test.write({}, { language: 'en' } as Sending, around)
  const message = composed(letter, { id: randomUUID(), recipient: to, language: 'en', around, config })
  try {
    await carrierOf(config)(message)
  } catch (error) {
    throw new Refused(`Not sent: ${(error as Error).message}.`)
  }
  const data = { to, from: message.from.address, message_id: message.messageId }
  return {
    ok: true,
    data,
    text: `The mail server took a mail to ${to} from ${data.from} (${data.message_id}).`,
  }
}
