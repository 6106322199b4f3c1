import type { Config } from '#src/config.ts'
import { fn } from '#src/db/functions.ts'
import { type Attempt, ClaimLost, type Handler, handled } from '#src/platform/jobs/handler.ts'
import { type Carrier, carrierOf, type Mailbox, type Message, Refused } from '#src/platform/mail/carrier.ts'
import { htmlOf, textOf } from '#src/platform/mail/document.ts'
import {
  type AnyMail,
  type Around,
  type Language,
  languages,
  type Sending,
} from '#src/platform/mail/letter.ts'
import { oneLine, unlinked } from '#src/platform/mail/line.ts'
import { mailJob } from '#src/platform/mail/queue.ts'
import { publicUrl } from '#src/platform/public-url.ts'
import { isolated, isolatedText } from '#src/ui/isolated.ts'

/** A queued mail as the database returns it. */
type Order = {
  id: string
  template: string
  language: string
  recipient: string
  data: unknown
  orgId: string | null
  organization: string | null
  accountId: string | null
}

type Options = { config: Config; mails: readonly AnyMail[]; carry?: Carrier }

/**
 * Sends queued mails. The step that completes the job also marks the mail as sent: if the process dies after the server
 * accepted the mail but before that step, the mail is sent again with the same Message-ID.
 */
export function sendsMails({ config, mails, carry = carrierOf(config) }: Options): Handler {
  const kinds = new Map(mails.map((mail) => [mail.name, mail]))
  return handled(mailJob, async (attempt) => {
    const { id, number, last, payload, db, log } = attempt
    const order = await db.lookup(fn.mail_to_send<Order | null>({ mail: payload.mail }))
    if (!order) return
    const outcome = await carried(attempt, order, { config, kinds, carry })
    const status = outcome.status === 'queued' && last ? 'failed' : outcome.status
    const { because, content } = outcome
    const settled = { mail: order.id, becomes: status, because, kept: content, job: id, attempt: number }
    if (!(await db.lookup(fn.settle_mail(settled)))) throw new ClaimLost(`someone else has job ${id}`)
    if (status === 'queued') throw new Error(`mail ${order.id} could not be sent`)
    if (status === 'failed') log.warn({ mail: order.id, template: order.template }, 'a mail was given up')
  })
}

type Outcome = {
  status: 'sent' | 'kept' | 'failed' | 'queued'
  because: string | null
  content: Buffer | null
}
type Means = { config: Config; kinds: ReadonlyMap<string, AnyMail>; carry: Carrier }

async function carried(attempt: Attempt<unknown>, order: Order, means: Means): Promise<Outcome> {
  try {
    const content = await means.carry(await messageOf(attempt, order, means))
    return { status: content ? 'kept' : 'sent', because: null, content }
  } catch (error) {
    const because = oneLine((error as Error).message).slice(0, 500)
    return { status: error instanceof Refused ? 'failed' : 'queued', because, content: null }
  }
}

async function messageOf(
  attempt: Attempt<unknown>,
  order: Order,
  { config, kinds }: Means,
): Promise<Message> {
  const { id, recipient, orgId, organization, accountId } = order
  const kind = kinds.get(order.template)
  if (!kind) throw new Error(`there is no mail ${order.template}`)
  // an organization can't queue mail about an account
  if ((kind.to === 'account') !== (accountId !== null)) throw new Refused(`${kind.name} is not of this kind`)
  const language = languageOf(order.language)
  const sending: Sending = {
    id,
    recipient,
    language,
    orgId,
    accountId,
    db: attempt.db,
    within: attempt.within,
  }
  const around = aroundOf(config, organization)
  return composed(await kind.write(order.data, sending, around), { id, recipient, language, around, config })
}

/** The values available to letters. */
export const aroundOf = (config: Config, organization: string | null): Around => {
  const base = publicUrl(config)
  return {
    appName: config.APP_NAME,
    organization: organization && unlinked(organization),
    link: (path) => base + path,
  }
}

type Whither = { id: string; recipient: string; language: Language; around: Around; config: Config }

/** Composes the message from a letter. */
export function composed(
  letter: Parameters<typeof textOf>[0],
  { id, recipient, language, around, config }: Whither,
): Message {
  const from = mailboxOf(config.EMAIL_FROM ?? `${config.APP_NAME} <no-reply@localhost>`)
  return {
    from,
    replyTo: config.EMAIL_REPLY_TO ? mailboxOf(config.EMAIL_REPLY_TO) : undefined,
    to: recipient,
    subject: isolatedText(oneLine(letter.subject)),
    text: isolatedText(textOf(letter, around)),
    html: isolated(htmlOf(letter, around, language)),
    messageId: `<${id}@${from.address.split('@').at(-1)}>`,
  }
}

const languageOf = (text: string): Language => languages.find((language) => language === text) ?? languages[0]

/** Parses `Name <name@example.com>`, or the address alone. */
function mailboxOf(text: string): Mailbox {
  const [, name = '', address = text] = /^([^<]*)<([^>]+)>$/.exec(text) ?? []
  return { name: name.trim(), address: address.trim() }
}
