import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { NotFound } from '#src/errors.ts'
import { isToken, tokenHash } from '#src/platform/token.ts'

export type Purpose =
  | 'register'
  | 'verify_email'
  | 'reset_password'
  | 'change_email'
  | 'undo_email'
  | 'unlock'

/** What a link that was sent is for. */
export type Link = {
  purpose: Purpose
  /** Whose it is; null of a registration. */
  account: string | null
  username: string
  /** The address that it makes the account's, or the one that it has. */
  email: string
  /** Of a registration, which is no account yet. */
  passwordHash: string | null
}

/** One and the same for a link that was used, is too old, was replaced, is for something else, or never was. */
export const deadLink = () =>
  new NotFound(
    'This link was already used, has expired, or was replaced by a newer one. Request a new link.',
    { title: 'The link no longer works', type: 'dead-link' },
  )

/**
 * What a link is for, and its hash, by which it is used up; it isn't by this.
 * @throws {NotFound}
 */
export async function openLink(
  db: Door,
  token: string | undefined,
  ...purposes: readonly Purpose[]
): Promise<Link & { hash: Buffer }> {
  if (!isToken(token)) throw deadLink()
  const hash = tokenHash(token)
  const link = await db.lookup(fn.link_lookup<Link | null>({ token: hash }))
  if (!link || !purposes.includes(link.purpose)) throw deadLink()
  return { ...link, hash }
}
