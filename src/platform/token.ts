import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits. */
export const newToken = () => randomBytes(32).toString('base64url')
/** What is kept of a token. */
export const tokenHash = (token: string) => createHash('sha256').update(token).digest()

/** Whether it may be one, before anybody is asked. */
export const isToken = (text: unknown): text is string =>
  typeof text === 'string' && /^[A-Za-z0-9_-]{43}$/.test(text)
