import { z } from 'zod'
import { username } from '#src/domains/accounts/model.ts'
import { password } from '#src/domains/people/users/model.ts'

const token = z.string().max(100)

export const link = z.strictObject({ token })
/** Of a form, whose link stands in its path; with the password of the account, or the one that a registration chose. */
export const confirmation = z.strictObject({ username: username.optional(), password })
export const confirmedByLink = z.strictObject({ token, ...confirmation.shape })
