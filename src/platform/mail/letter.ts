import type { z } from 'zod'
import type { Database, Tx } from '#src/db/database.ts'

/** A language more here, and every mail is asked for its letter in it. */
export const languages = ['en'] as const
export type Language = (typeof languages)[number]

/** A part of a letter; plain text all of it, so there is nothing to escape. */
export type Block = { text: string } | { button: string; url: string } | { note: string }
export type Letter = { subject: string; body: readonly Block[] }

/** What every letter may mention. */
export type Around = {
  appName: string
  /** In whose name it is sent; null for mail about an account. */
  organization: string | null
  /** The whole address of a path of ours. */
  link: (path: string) => string
}

/** A mail that is on its way now. */
export type Sending = {
  readonly id: string
  readonly recipient: string
  readonly language: Language
  readonly orgId: string | null
  readonly accountId: string | null
  readonly db: Pick<Database, 'lookup'>
  /** A transaction in its organization. */
  within<R>(work: (tx: Tx) => Promise<R>): Promise<R>
}

/** A kind of mail. */
export type Mail<D> = AnyMail & { readonly data: z.ZodType<D> }
export type AnyMail = {
  readonly name: string
  readonly to: 'organization' | 'account'
  readonly data: z.ZodType
  readonly write: (given: unknown, sending: Sending, around: Around) => Promise<Letter>
}

type Definition<D, P> = {
  name: string
  /** Whose mail it is: an organization's to anybody, or one to somebody about their account. */
  to: AnyMail['to']
  /** What is kept until it is sent: ids, never a secret. */
  data: z.ZodType<D>
  /**
   * Runs at the moment of sending: makes a one-time token, keeps its hash and answers what the letter needs of it. Again
   * for every attempt, and the mail of an earlier one may have arrived: its token stays as good.
   */
  prepare?: (sending: Sending, data: D) => Promise<P>
  letters: Record<Language, (facts: Around & { data: D; made: P }) => Letter>
}

/** Declares a kind of mail: its text and its HTML are made of one letter. */
export function defineMail<D, P = undefined>(definition: Definition<D, P>): Mail<D> {
  const { name, to, data, prepare, letters } = definition
  const write: AnyMail['write'] = async (given, sending, around) => {
    const known = data.parse(given)
    const made = (await prepare?.(sending, known)) as P
    return letters[sending.language]({ ...around, data: known, made })
  }
  return { name, to, data, write }
}
