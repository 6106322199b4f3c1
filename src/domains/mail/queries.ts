import type { Door } from '#src/db/database.ts'
import type { Message } from '#src/platform/mail/carrier.ts'
import { unseal } from '#src/platform/mail/sealed.ts'

/** A mail that was kept instead of sent. */
export type Kept = { id: string; template: string; at: string; message: Message }

type Row = { id: string; template: string; created_at: string; content: string }

const opened = ({ id, template, created_at, content }: Row, secret: string): Kept[] => {
  const text = unseal(secret, Buffer.from(content, 'base64'))
  return text ? [{ id, template, at: created_at, message: JSON.parse(text) }] : []
}

/** The newest mails that were kept, and that this secret opens. */
export async function keptMails(db: Pick<Door, 'lookup'>, secret: string): Promise<Kept[]> {
  const rows = await db.lookup<Row[]>('kept_mails', [100])
  return rows.flatMap((row) => opened(row, secret))
}

/** One of them; null where there is none. */
export async function keptMail(db: Pick<Door, 'lookup'>, secret: string, id: string): Promise<Kept | null> {
  const row = await db.lookup<Row | null>('kept_mail', [id])
  return (row && opened(row, secret)[0]) ?? null
}
