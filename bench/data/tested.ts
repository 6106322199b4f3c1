import { createHash } from 'node:crypto'

export const ORGANIZATIONS = 1000
export const PEOPLE = 200_000
/** Of the organizations that show how a list grows, and of the one that is searched. */
export const MEDIUM = 1000
export const HUGE = 1_000_000
export const LARGE = 200_000

/** The organizations that are measured, by number; each has an administrator with a session of either kind. */
export const tested = {
  big: 0,
  /** About a hundred people, as every other one. */
  small: 1,
  /** Takes what is created, so that the lists of the others stay as they are. */
  growing: 2,
  medium: ORGANIZATIONS,
  huge: ORGANIZATIONS + 1,
  large: ORGANIZATIONS + 2,
} as const
export type Tested = keyof typeof tested

/** People of the big organization whose rights are measured, by number; each has a session for programs. */
export const readers = {
  /** Reads the people of a tree of groups that holds half of the organization, by an inherited role. */
  half: 11,
  narrow: 13,
  /** Has two hundred roles, and one role with the same permissions. */
  many: 17,
  one: 19,
} as const
export type Reader = keyof typeof readers

export type SessionKind = 'token' | 'browser'

/** The administrator's token: 32 bytes that every run knows. */
export const tokenOf = (whose: Tested | Reader, kind: SessionKind) =>
  createHash('sha256').update(`bench ${whose} ${kind}`).digest('base64url')

export const hashOf = (token: string) => createHash('sha256').update(token).digest()

/** Usernames of what a run creates begin so, and are deleted afterwards. */
export const CREATED = 'bench-'
