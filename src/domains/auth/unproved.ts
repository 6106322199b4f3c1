import { HttpError } from '#src/http/errors.ts'

const unproved = (detail: string) =>
  new HttpError(409, detail, { title: 'Confirm your address first', type: 'unproved-address' })

/** Whoever typed the address or chose the password may not be who reads the mail, which a reset shows of both. */
export const RESET_FIRST =
  'Before you join with your account, show that it is yours: reset its password, then open this link again.'
export const resetFirst = () => unproved(RESET_FIRST)

/** For whoever is signed in with an address that nobody has shown to be theirs. */
export const confirmFirst = () =>
  unproved('Before you go to another organization, confirm your e-mail address on your Security page.')
