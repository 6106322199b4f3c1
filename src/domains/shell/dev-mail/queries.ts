import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { type Message, openMail, type Secrets } from '#src/platform/mail/carrier.ts'

/** A mail that was kept instead of sent. */
export type Kept = { id: string; template: string; at: string; message: Message }

type KeptMailRow = { id: string; template: string; created_at: string; content: string }

const opened = ({ id, template, created_at, content }: KeptMailRow, secrets: Secrets): Kept[] => {
  const message = openMail(secrets, Buffer.from(content, 'base64'))
  return message ? [{ id, template, at: created_at, message }] : []
}

/** The newest mails that were kept, and that these secrets open. */
export async function keptMails(db: Pick<Door, 'lookup'>, secrets: Secrets): Promise<Kept[]> {
  const rows = await db.lookup(fn.kept_mails<KeptMailRow[]>({ most: 100 }))
  return rows.flatMap((row) => opened(row, secrets))
}

/** One of them; null where there is none. */
export async function keptMail(db: Pick<Door, 'lookup'>, secrets: Secrets, id: string): Promise<Kept | null> {
  const row = await db.lookup(fn.kept_mail<KeptMailRow | null>({ mail: id }))
  return (row && opened(row, secrets)[0]) ?? null
}
