import { z } from 'zod'
import { password, personName, username } from '#src/domains/accounts/model.ts'

const name = personName.default('')

/** An empty field of a form is none: a name is made of the address then. */
const chosen = z.preprocess((sent) => (sent === '' ? undefined : sent), username.optional())

/** Who has an account says its password, and keeps its name. */
export const acceptance = z.strictObject({ password, first_name: name, last_name: name, username: chosen })
export const acceptedByLink = acceptance.extend({ token: z.string().max(100) })
export type Acceptance = z.infer<typeof acceptedByLink>

/** Whoever typed the address or chose the password may not be who reads the mail: a reset shows that they are. */
export const RESET_FIRST =
  'Before you join, confirm that this account is yours: reset its password, then open this link again.'

/** What a link invites to, before anything is typed. */
export const invitationAnswer = z
  .strictObject({
    organization: z.string(),
    inviter: z.string().nullable(),
    email: z.string(),
    known: z.boolean(),
    unproved: z.boolean(),
    renamable: z.boolean(),
    username: z.string().nullable(),
  })
  .meta({ id: 'invitation_link' })

/** Who invites whom into what, as a link says. */
export type Invitation = {
  id: string
  email: string
  org: string
  organization: string
  slug: string
  inviter: string | null
  /** Whoever has that address already, and whether they have a password to prove. */
  account: string | null
  known: boolean
  /** That account's address or password is still what somebody else typed: they reset it before they join. */
  unproved: boolean
  /** Whether the account's name may still be chosen. */
  renamable: boolean
  username: string | null
  firstName: string
  lastName: string
}

/** A name made of an address, to begin with. */
export function suggestedName(email: string): string {
  const local = (email.split('@')[0] ?? '').replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[._-]+/, '')
  return username.safeParse(local.slice(0, 60)).data ?? 'user'
}
