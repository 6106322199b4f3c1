import { createHash } from 'node:crypto'

export const ORGANIZATIONS = 1000
export const PEOPLE = 200_000

/** The organizations that are measured, by number; each has an administrator with a session of either kind. */
export const tested = {
  /** Half of all people. */
  big: 0,
  /** About a hundred people, as every other one. */
  small: 1,
  /** Takes what is created, so that the lists of the others stay as they are. */
  growing: 2,
} as const
export type Tested = keyof typeof tested

export type SessionKind = 'token' | 'browser'

/** The administrator's token: 32 bytes that every run knows. */
export const tokenOf = (organization: Tested, kind: SessionKind) =>
  createHash('sha256').update(`bench ${organization} ${kind}`).digest('base64url')

/** As `sessions.token_hash` has it. */
export const hashOf = (token: string) => createHash('sha256').update(token).digest()

/** Usernames of what a run creates begin so, and are deleted afterwards. */
export const CREATED = 'bench-'
