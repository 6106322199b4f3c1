import type { Config } from '#src/config.ts'
import { Vault } from '#src/platform/vault.ts'

export type Mailbox = { name: string; address: string }

/** A mail as sent. */
export type Message = {
  from: Mailbox
  replyTo: Mailbox | undefined
  to: string
  subject: string
  text: string
  html: string
  /** The same at every attempt, so that duplicates can be recognized. */
  messageId: string
}

/** Sends a message; a returned buffer is stored with the mail instead. */
export type Carrier = (message: Message) => Promise<Buffer | null>

/** Retrying is pointless: the message or its recipient was refused, or there is no recipient. */
export class Refused extends Error {}

export type Secrets = Pick<Config, 'SECRET_KEY' | 'SECRET_KEY_PREVIOUS'>
const vaultOf = (secrets: Secrets) => new Vault(secrets, 'kept mail')

/** Sealed, because a stored mail may contain a link that still works. */
const sealMail = (secrets: Secrets, message: Message): Buffer =>
  vaultOf(secrets).seal(Buffer.from(JSON.stringify(message)), 'mail')

/** Null if it was sealed under other secrets, or changed. */
export function openMail(secrets: Secrets, sealed: Buffer): Message | null {
  const opened = vaultOf(secrets).open(sealed, 'mail')
  return opened && JSON.parse(opened.content.toString('utf8'))
}

/** Sends through the mail server; without one, stores mails in development and refuses them elsewhere. */
export function carrierOf(config: Config): Carrier {
  const url = serverOf(config)
  if (url) return smtp(url)
  if (config.ENVIRONMENT === 'development') return async (message) => sealMail(config, message)
  return async () => {
    throw new Refused('There is no mail server: set SMTP_URL.')
  }
}

function serverOf({
  SMTP_URL,
  SMTP_HOST,
  SMTP_PORT,
  SMTP_USERNAME = '',
  SMTP_PASSWORD = '',
}: Config): URL | null {
  if (SMTP_URL) return new URL(SMTP_URL)
  if (!SMTP_HOST) return null
  const url = new URL(`${SMTP_PORT === 465 ? 'smtps' : 'smtp'}://${SMTP_HOST}:${SMTP_PORT}`)
  url.username = encodeURIComponent(SMTP_USERNAME)
  url.password = encodeURIComponent(SMTP_PASSWORD)
  return url
}

const LOCAL = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** Sends passwords to another machine only over TLS, unless the URL says `?requireTLS=false`. */
function smtp(url: URL): Carrier {
  const requireTLS =
    url.protocol === 'smtp:' &&
    url.username !== '' &&
    !LOCAL.test(url.hostname) &&
    !url.searchParams.has('requireTLS')
  const limits = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 }
  return async ({ to, ...message }) => {
    // loaded lazily: most processes send nothing for a while
    const { createTransport } = await import('nodemailer')
    const transport = createTransport({ url: url.href, ...limits, ...(requireTLS && { requireTLS }) })
    try {
      await transport.sendMail({
        ...message,
        to: { name: '', address: to },
        envelope: { from: message.from.address, to: [to] },
        headers: { 'Auto-Submitted': 'auto-generated' },
        disableFileAccess: true,
        disableUrlAccess: true,
      })
      return null
    } catch (error) {
      throw isRefusal(error) ? new Refused((error as Error).message, { cause: error }) : error
    } finally {
      transport.close()
    }
  }
}

/** 5xx about this recipient or message (RFC 5321, 4.2.1); one about the sender or the connection may be fixed. */
const isRefusal = (error: unknown) => {
  const { permanent, command } = error as { permanent?: boolean; command?: string }
  return permanent === true && (command === 'RCPT TO' || command === 'DATA')
}
