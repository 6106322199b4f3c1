import type { z } from 'zod'
import type { Database, Tx } from '#src/db/database.ts'

/** Adding a language here requires every mail's letter in it. */
export const languages = ['en'] as const
export type Language = (typeof languages)[number]

/** A part of a letter, always plain text. */
export type Block = { text: string } | { button: string; url: string } | { note: string }
export type Letter = { subject: string; body: readonly Block[] }

/** Values available to every letter. */
export type Around = {
  appName: string
  /** The organization it is sent for; null for mail about an account. */
  organization: string | null
  /** The absolute URL of a path. */
  link: (path: string) => string
}

/** A mail being sent. */
export type Sending = {
  readonly id: string
  readonly recipient: string
  readonly language: Language
  readonly orgId: string | null
  readonly accountId: string | null
  readonly db: Pick<Database, 'lookup'>
  /** Runs a transaction in its organization. */
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
  /** An organization's mail to anyone, or mail to a person about their account. */
  to: AnyMail['to']
  /** Stored until it is sent: ids, never a secret. */
  data: z.ZodType<D>
  /**
   * Runs on sending: creates a one-time token, stores its hash and returns what the letter needs. Runs again at every
   * attempt; since an earlier mail may have arrived, its token stays valid.
   */
  prepare?: (sending: Sending, data: D) => Promise<P>
  letters: Record<Language, (facts: Around & { data: D; made: P }) => Letter>
}

/** Declares a kind of mail; one letter gives both its text and its HTML. */
export function defineMail<D, P = undefined>(definition: Definition<D, P>): Mail<D> {
  const { name, to, data, prepare, letters } = definition
  const write: AnyMail['write'] = async (given, sending, around) => {
    const known = data.parse(given)
    const made = (await prepare?.(sending, known)) as P
    return letters[sending.language]({ ...around, data: known, made })
  }
  return { name, to, data, write }
}
