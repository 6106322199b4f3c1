import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits. */
export const newToken = () => randomBytes(32).toString('base64url')
/** The hash under which a token is stored. */
export const tokenHash = (token: string) => createHash('sha256').update(token).digest()

/** Whether the text is well-formed as a token; no look-up. */
export const isToken = (text: unknown): text is string =>
  typeof text === 'string' && /^[A-Za-z0-9_-]{43}$/.test(text)
